-- Trigger: where an account is halted, or its open orders are to be canceled, those
-- that wait to be sent are canceled, too.
create or replace function private.cancel_stopped_jobs() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.cancel_waiting_jobs(new.account_id);
  return null;
end
$$;
