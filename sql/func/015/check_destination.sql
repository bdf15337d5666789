-- Raises PD465 where Postgres does not know a time zone, and PD464 where no mail can be sent to
-- a user, because they have not verified their address.
create or replace function private.check_destination(p_type text, p_zone text) returns void
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  unused timestamp;
begin
  begin
    unused := clock_timestamp() at time zone p_zone;
  exception when invalid_parameter_value then
    raise exception 'the time zone is not known' using errcode = 'PD465';
  end;
  if p_type = 'email' and not exists (select from auth."user" u where u.id = private.user_id() and u."emailVerified") then
    raise exception 'the address is not verified' using errcode = 'PD464';
  end if;
end
$$;
