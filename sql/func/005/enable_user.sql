-- Lets a user who was disabled sign in again. Reports whether they were disabled.
create or replace function private.enable_user(p_user text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  delete from auth.disabled_users d where d.user_id = p_user;
  if not found then
    return false;
  end if;
  perform private.audit(null, 'user.enable', p_user => p_user);
  return true;
end
$$;
