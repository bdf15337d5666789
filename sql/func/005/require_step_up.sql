-- Raises PD419 where the admitted account is live, and the admitted session has not shown
-- its password or a code as lately as private.step_up_window says. What changes an
-- account's keys, lets more orders through or exports its audit calls it, so that a
-- session that was stolen, or left open, does not suffice for that.
create or replace function private.require_step_up() returns void
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.account_id();
begin
  if exists (select from app.user_accounts u where u.id = account and u.environment = 'live')
      and not private.has_stepped_up() then
    raise exception 'this session has to show its password or a code again' using errcode = 'PD419';
  end if;
end
$$;
