-- Returns the accounts that the login of this session may report on. It goes by
-- session_user, which a login cannot change.
create or replace function private.report_accounts() returns uuid[]
stable parallel restricted security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select coalesce(array_agg(g.account_id), '{}')
  from private.report_grants g
  join pg_catalog.pg_roles r on r.oid = g.role_oid and r.rolname = g.role_name
  where r.rolname = session_user
$$;
