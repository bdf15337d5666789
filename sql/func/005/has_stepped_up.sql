-- Reports whether the session of this admission has shown its password or a code as
-- lately as private.step_up_window says. An API token never has. The session is the one
-- that the admission has put into app.origin, which the seal covers.
create or replace function private.has_stepped_up() returns boolean
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return exists (
    select from auth.session s cross join private.step_up_window w
    where s.id = (private.origin())[1] and s."userId" = private.user_id() and s."steppedUpAt" > now() - w.lasts);
end
$$;
