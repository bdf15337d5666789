-- Marks a user's email address as verified. Reports whether there is such a user.
create or replace function private.verify_user(p_user text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update auth."user" u set "emailVerified" = true, "updatedAt" = clock_timestamp() where u.id = p_user and not u."emailVerified";
  return found or exists (select from auth."user" u where u.id = p_user);
end
$$;
