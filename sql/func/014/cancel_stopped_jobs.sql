-- Trigger: where an account is halted, or its open orders are to be canceled, those
-- that wait to be sent are canceled, too.
create or replace function private.cancel_stopped_jobs() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  job uuid;
begin
  for job in select j.id from app.jobs j where j.account_id = new.account_id and j.kind = 'order' and j.state = 'waiting' order by j.seq loop
    perform private.end_job(new.account_id, job, 'canceled');
  end loop;
  return null;
end
$$;
