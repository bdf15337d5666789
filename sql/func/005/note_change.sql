-- Trigger: counts that a row which lists show has changed, once a transaction, and
-- not where the transaction has appended an event already. So each change that can
-- be seen gives the account another state (app.state_tag), whatever statement makes
-- it.
create or replace function private.note_change() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update app.event_heads h set changes = h.changes + 1
    where h.account_id = case tg_op when 'DELETE' then old.account_id else new.account_id end
      and h.xmin <> pg_current_xact_id()::xid;
  return null;
end
$$;
