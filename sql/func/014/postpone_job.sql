-- Lets a job wait, and those behind it, because what it needs cannot be reached at the
-- moment. Reports whether it did: not where somebody else has begun the job again.
create or replace function private.postpone_job(p_account uuid, p_kind text, p_job uuid, p_holder uuid, p_wait interval) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if not private.is_claimed(p_account, p_kind, p_job, p_holder) then
    return false;
  end if;
  update app.jobs j set state = 'waiting', due_at = clock_timestamp() + p_wait
    where j.account_id = p_account and j.id = p_job and j.ended_at is null;
  update private.job_lists l set holder = null, job_id = null, ticket = null, live_until = null, free_since = clock_timestamp()
    where l.account_id = p_account and l.kind = p_kind;
  return true;
end
$$;
