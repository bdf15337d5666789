-- Trigger: rings the doorbell for events of a writer that does not ring after its
-- commit, as Paddock's own do (app.rings): psql, for example.
--
-- This is the one NOTIFY in a transaction that carries data, so its commit waits
-- for NOTIFY's lock, which any login can hold. Therefore it is sent for nothing
-- that ends a right or stops trading (events of the kinds account, credentials,
-- guard, job, webhook and notice): those are found by the listeners' timer. While the
-- server's queue is half full there is none either, so that no commit fails by a
-- full one, unless a login fills the other half, 4 GB, between here and there.
--
-- Whoever sets app.rings without ringing makes its own events late by as long as
-- the timer takes.
create or replace function private.ring_for_others() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  accounts uuid[] := array(select distinct w.account_id from written w where w.kind in ('order', 'position', 'agent_log', 'journal'));
begin
  if cardinality(accounts) > 0 then
    perform private.notify_events(accounts);
  end if;
  return null;
end
$$;
