-- Uses up the TOTP code of a time step, which sign-in has found to be right, and
-- reports whether it could: a code works once, and none works that is older than the
-- newest one used. The count of wrong codes begins anew.
create or replace function private.use_time_step(p_user text, p_step bigint) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if p_step is null or not exists (select from auth."twoFactor" t where t."userId" = p_user) then
    return false;
  end if;
  if not private.note_second_factor(p_user, p_step) then
    return false;
  end if;
  update auth."twoFactor" t set "failedVerificationCount" = 0, "lockedUntil" = null where t."userId" = p_user;
  return true;
end
$$;
