-- Cancels the admitted account's orders that wait to be sent, or the one of this id,
-- and returns how many. One that is being sent goes on: it is an order by then.
create or replace function private.cancel_jobs(p_id uuid default null) returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('canceling a job', 'cancel');
begin
  perform private.lock_event_log();
  if p_id is null then
    return private.cancel_waiting_jobs(account);
  end if;
  if not exists (select from app.jobs j where j.account_id = account and j.id = p_id and j.state in ('waiting', 'pending_approval')) then
    return 0;
  end if;
  perform private.end_job(account, p_id, 'canceled');
  perform private.audit(account, 'job.cancel', jsonb_build_object('job_id', p_id));
  return 1;
end
$$;
