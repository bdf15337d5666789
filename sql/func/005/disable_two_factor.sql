-- Turns a user's two-factor authentication off, for an operator whom somebody has asked
-- that lost their authenticator and their backup codes. Their sessions end, and devices
-- that were trusted are so no longer. Reports whether there is such a user.
create or replace function private.disable_two_factor(p_user text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update auth."user" u set "twoFactorEnabled" = false, "updatedAt" = now() where u.id = p_user;
  if not found then
    return false;
  end if;
  delete from auth."twoFactor" t where t."userId" = p_user;
  delete from auth.verification v where v.value = p_user;
  delete from auth.session s where s."userId" = p_user;
  return true;
end
$$;
