-- Cancels all orders of an account that wait to be sent, and returns how many; what is to
-- cancel an order goes on. There may be ten thousand, and a halt must not fail for that: so one event tells of all. The
-- caller has locked the account's log.
create or replace function private.cancel_waiting_jobs(p_account uuid) returns integer
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  canceled integer;
begin
  update app.jobs j set state = 'canceled', ended_at = clock_timestamp()
    where j.account_id = p_account and j.ended_at is null and j.state <> 'running' and not j.request ? 'cancels';
  get diagnostics canceled = row_count;
  if canceled > 0 then
    perform private.write_event(p_account, 'job', jsonb_build_object('event', 'canceled_all', 'canceled', canceled));
    perform private.audit(p_account, 'job.cancel', jsonb_build_object('canceled', canceled));
  end if;
  return canceled;
end
$$;
