-- Takes the lock of the admitted account's log, which its writer holds until
-- commit. Every transaction that changes an account takes it before anything
-- else of that account's, so that all wait in one order and none forever.
-- With p_leases it takes the lease's lock before that: an account's deletion
-- needs both, and the worker holds its lease when it comes for the log.
create or replace function private.lock_event_log(p_leases boolean default false) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.account_id();
begin
  if p_leases and private.account_id('manage') is not null then
    perform from app.stream_leases l where l.account_id = account for update;
  end if;
  perform from app.event_heads h where h.account_id = account for update;
end
$$;
