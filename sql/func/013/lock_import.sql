-- Locks an import and returns it. The lock of the account's event log comes
-- first, as in every transaction that changes an account.
-- 22023: there is no such import, or it is in another state than p_state.
create or replace function private.lock_import(p_account uuid, p_import uuid, p_state text) returns private.imports
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  i private.imports;
begin
  perform from app.event_heads h where h.account_id = p_account for update;
  select t.* into i from private.imports t where t.account_id = p_account and t.id = p_import for update;
  if not found then
    raise exception 'there is no import % of account %: paddock import list shows those that there are', p_import, p_account using errcode = '22023';
  end if;
  if i.state <> p_state then
    raise exception 'the import is %, not %: paddock import list shows how far it is', i.state, p_state using errcode = '22023';
  end if;
  return i;
end
$$;
