-- Trigger: writes into the account's audit who may use it from now on, and who may
-- no longer.
create or replace function private.record_grant_change() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  granted app.account_grants := coalesce(new, old);
begin
  if tg_op = 'UPDATE' and new is not distinct from old then
    return null;
  end if;
  perform private.audit(granted.account_id, 'grant.' || case tg_op when 'INSERT' then 'create' when 'DELETE' then 'delete' else 'change' end,
    jsonb_build_object('user_id', granted.user_id, 'role', granted.role, 'expires_at', granted.expires_at));
  return null;
end
$$;
