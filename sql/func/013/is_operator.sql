-- Whether this session is an operator's: of a member of paddock_owner, who migrates
-- and imports. It goes by the session's own login, which nothing but a superuser
-- can change, and so it is false in whatever functions a runtime login calls.
create or replace function private.is_operator() returns boolean
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return pg_has_role(session_user, 'paddock_owner', 'member');
end
$$;
