-- Ends all sessions of a user and refuses them new ones from now on. Reports whether
-- there is such a user.
create or replace function private.disable_user(p_user text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  -- A sign-in that is under way is over, or waits until this is (see refuse_disabled_user).
  perform from auth."user" u where u.id = p_user for update;
  if not found then
    return false;
  end if;
  -- A transaction whose snapshot is older than this one sees no row of
  -- disabled_users, but it cannot lock a row that has changed since: its sign-in fails.
  update auth."user" u set "updatedAt" = u."updatedAt" where u.id = p_user;
  insert into auth.disabled_users (user_id) values (p_user) on conflict do nothing;
  if found then
    perform private.audit(null, 'user.disable', p_user => p_user);
  end if;
  delete from auth.session s where s."userId" = p_user;
  return true;
end
$$;
