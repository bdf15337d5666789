-- Locks the admitted account's log, which every writer keeps locked until it
-- commits. Each transaction that changes an account takes this lock before any
-- other of that account's: all take them in one order, so none can deadlock.
-- With p_leases it takes all that deleting the account needs (lock_accounts).
-- With p_rings the caller says that it rings the doorbell after the commit, so that
-- the log need not (ring_for_others).
-- Returns the number of the newest event, by which a transaction that has asked
-- before knows whether it has appended one.
create or replace function private.lock_event_log(p_leases boolean default false, p_rings boolean default false) returns bigint
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.account_id();
  newest bigint;
begin
  if p_rings then
    perform set_config('app.rings', 'on', true);
  end if;
  if p_leases and private.account_id('manage') is not null then
    perform private.lock_accounts(array[account]);
  end if;
  select h.last_seq into newest from app.event_heads h where h.account_id = account for update;
  return newest;
end
$$;
