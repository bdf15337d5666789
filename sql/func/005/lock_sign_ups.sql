-- Waits for the sign-ups under way, and has others wait until this transaction
-- ends: for the sign-up that may only be the first. The lock takes a privilege on
-- the whole table that sign-in's login does not have.
create or replace function private.lock_sign_ups() returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  lock table auth."user" in share row exclusive mode;
end
$$;
