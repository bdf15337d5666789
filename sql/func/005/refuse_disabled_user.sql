-- Trigger: refuses a session to a user whom an operator has disabled, whoever makes
-- it: Paddock's sign-in, or a Better Auth server on the same database. The user's row
-- is locked first, so that no session begins while the user is being disabled.
-- PD423: the user is disabled.
create or replace function private.refuse_disabled_user() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform from auth."user" u where u.id = new."userId" for key share;
  if exists (select from auth.disabled_users d where d.user_id = new."userId") then
    raise exception 'this user is disabled' using errcode = 'PD423';
  end if;
  return new;
end
$$;
