-- Trigger: says what a new job was asked for as: by which user, in which session, by
-- which request, and after which other jobs. All of it comes from the admission, and
-- nothing from the statement. A job can ask for no job.
--
-- PD431: the account has as many jobs that have not ended as it may.
create or replace function private.accept_job() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('asking for an order', 'trade');
  owner text;
begin
  if new.account_id is distinct from account or split_part(private.check_seal(), '.', 2) <> 'R' then
    raise exception 'a job is asked for by a request for its own account' using errcode = '42501';
  end if;
  perform private.lock_event_log();
  new.seq := (select coalesce(max(j.seq), 0) + 1 from app.jobs j where j.account_id = account);
  if new.seq - (select min(j.seq) from app.jobs j where j.account_id = account and j.kind = new.kind and j.ended_at is null and j.state <> 'pending_approval') >= 10000 then
    raise exception 'this account has as many jobs waiting as it may' using errcode = 'PD431';
  end if;
  new.state := 'waiting';
  new.asked_by := private.user_id();
  new.session_id := (private.origin())[1];
  new.origin := current_setting('app.origin');
  new.accepted_at := clock_timestamp();
  new.due_at := new.accepted_at;
  new.tries := 0;
  new.began_at := null;
  new.ended_at := null;
  new.status := null;
  new.answer := null;
  perform private.count_stored('orders', 1000 + octet_length(new.request::text), true);
  owner := (select encode(sha256(convert_to(u.user_id, 'UTF8')), 'hex') from app.user_accounts u where u.id = account);
  insert into private.job_lists as l (account_id, kind, owner) values (account, new.kind, owner)
    on conflict (account_id, kind) do update set owner = excluded.owner, waits = true, free_since = case when l.waits then l.free_since else clock_timestamp() end;
  perform private.wake_jobs(owner);
  return new;
end
$$;
