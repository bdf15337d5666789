-- Uses a backup code up: p_before are the user's codes as sign-in read them, encrypted,
-- and p_after those that are left. Reports whether it could: not where the codes have
-- changed meanwhile, because another request used one. The count of wrong codes begins
-- anew.
create or replace function private.use_backup_code(p_user text, p_before text, p_after text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if p_after is not distinct from p_before then
    return false;
  end if;
  perform from auth."twoFactor" t where t."userId" = p_user and t."backupCodes" = p_before for update;
  if not found then
    return false;
  end if;
  perform private.note_second_factor(p_user);  -- before the change, whose trigger goes by it
  update auth."twoFactor" t set "backupCodes" = p_after, "failedVerificationCount" = 0, "lockedUntil" = null where t."userId" = p_user;
  return true;
end
$$;
