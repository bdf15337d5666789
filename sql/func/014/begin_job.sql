-- Begins the next job of an owner's accounts for an instance of the server (p_holder),
-- which then has p_ttl until it ends the job or renews its claim. Returns one row: what
-- is to be done, and with 'run' also the job and a ticket, by which private.admit_job
-- knows who may carry it out.
--
--   run    carry the job out
--   again  ask again: the list that was looked at had nothing to do, or only jobs that end here
--   none   nothing is to be done
--   busy   as many of this owner's lists are worked on as may be at once: whoever does
--          so asks again
--   later  nothing is due before "wait" is over
--
-- The list that nobody has worked on for longest comes first. Jobs of a list are begun
-- in the order in which they were accepted, and one at a time. One that began before and
-- whose holder died begins again. One whose user may no longer do what it asks for ends
-- here: their session has ended, which disabling a user does as well, or their grant is
-- gone.
--
-- It locks one account's log, and never a second: two of these could wait for each other.
create or replace function private.begin_job(p_owner text, p_holder uuid, p_ttl interval)
returns table (what text, account_id uuid, kind text, job_id uuid, ticket bytea, wait interval)
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  at timestamptz := clock_timestamp();
  list private.job_lists;
  next app.jobs;
  secret bytea := ext.gen_random_bytes(32);
begin
  if (select count(*) from private.job_lists l where l.owner = p_owner and l.waits and l.live_until > at) >= 4 then
    return query select 'busy', null::uuid, null, null::uuid, null::bytea, null::interval;
    return;
  end if;
  select l.* into list from private.job_lists l
    where l.owner = p_owner and l.waits and coalesce(l.live_until, '-infinity') <= at
      and coalesce((select j.due_at from app.jobs j
        where j.account_id = l.account_id and j.kind = l.kind and j.ended_at is null and j.state <> 'pending_approval' order by j.seq limit 1), '-infinity') <= at
    order by l.free_since limit 1;
  if not found then
    return query
      select case when min(j.due_at) is null then 'none' else 'later' end, null::uuid, null, null::uuid, null::bytea, min(j.due_at) - at
        from private.job_lists l cross join lateral (select j.due_at from app.jobs j
          where j.account_id = l.account_id and j.kind = l.kind and j.ended_at is null and j.state <> 'pending_approval' order by j.seq limit 1) j
        where l.owner = p_owner and l.waits and coalesce(l.live_until, '-infinity') <= at;
    return;
  end if;

  perform from app.event_heads h where h.account_id = list.account_id for update;
  select l.* into list from private.job_lists l where l.account_id = list.account_id and l.kind = list.kind for update;
  if not found or not list.waits or list.live_until > clock_timestamp() then
    return query select 'again', null::uuid, null, null::uuid, null::bytea, null::interval;
    return;
  end if;
  at := clock_timestamp();
  for ended in 0 .. 100 loop
    -- Of many that end here no more than a hundred do so at a time.
    if ended = 100 then
      return query select 'again', null::uuid, null, null::uuid, null::bytea, null::interval;
      return;
    end if;
    select j.* into next from app.jobs j
      where j.account_id = list.account_id and j.kind = list.kind and j.ended_at is null and j.state <> 'pending_approval' order by j.seq limit 1;
    if next.id is null then
      update private.job_lists l set waits = false, holder = null, job_id = null, ticket = null, live_until = null
        where l.account_id = list.account_id and l.kind = list.kind;
    end if;
    if next.id is null or next.due_at > at then
      return query select 'again', null::uuid, null, null::uuid, null::bytea, null::interval;
      return;
    end if;
    if not private.sign_in_holds(next.session_id, next.asked_by) then
      perform private.end_job(list.account_id, next.id, 'failed', 401, jsonb_build_object('code', 'unauthenticated',
        'message', 'The session in which this was asked for has ended. Sign in, and ask again.'));
    elsif not exists (select from private.usable_grants() g where g.account_id = list.account_id and g.user_id = next.asked_by) then
      perform private.end_job(list.account_id, next.id, 'failed', 403, jsonb_build_object('code', 'account_forbidden',
        'message', 'The user who asked for this may not use the account any more.'));
    else
      exit;
    end if;
  end loop;

  update app.jobs j set state = 'running', tries = j.tries + 1, began_at = coalesce(j.began_at, at)
    where j.account_id = list.account_id and j.id = next.id;
  update private.job_lists l set holder = p_holder, job_id = next.id, ticket = sha256(secret), live_until = at + p_ttl
    where l.account_id = list.account_id and l.kind = list.kind;
  -- Other lists of this owner's need not wait for this one.
  if exists (select from private.job_lists l where l.owner = p_owner and l.waits and coalesce(l.live_until, '-infinity') <= at) then
    perform private.wake_jobs(p_owner);
  end if;
  return query select 'run', list.account_id, list.kind, next.id, secret, null::interval;
end
$$;
