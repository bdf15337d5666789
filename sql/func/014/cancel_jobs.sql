-- Cancels the admitted account's orders that wait to be sent, or the one of this id,
-- and returns how many. One that is being sent goes on: it is an order by then.
create or replace function private.cancel_jobs(p_id uuid default null) returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('canceling a job', 'cancel');
  job uuid;
  canceled integer := 0;
begin
  perform private.lock_event_log();
  for job in select j.id from app.jobs j where j.account_id = account and j.state = 'waiting' and (p_id is null or j.id = p_id) order by j.seq loop
    perform private.end_job(account, job, 'canceled');
    perform private.audit(account, 'job.cancel', jsonb_build_object('job_id', job));
    canceled := canceled + 1;
  end loop;
  return canceled;
end
$$;
