-- Trigger: refuses a session that Paddock's sign-in begins for a user with two-factor
-- authentication, unless this transaction has used a second factor up: a password alone
-- gives no session, whichever endpoint forgets to ask for the code. A Better Auth server
-- on the same database begins a session first and asks for the code then; it has a login
-- of its own, and is trusted to ask. PD428: no second factor was used.
create or replace function private.require_second_factor() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if session_user = 'paddock_auth'
      and exists (select from auth."user" u where u.id = new."userId" and u."twoFactorEnabled")
      and not exists (select from auth.second_factor_uses f where f.user_id = new."userId" and f.used_in = pg_current_xact_id()) then
    raise exception 'this user needs a second factor' using errcode = 'PD428';
  end if;
  return new;
end
$$;
