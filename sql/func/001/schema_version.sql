-- Returns the version that the database was migrated to, from the table in which
-- tern keeps it. The runtime logins may not read that table.
create or replace function private.schema_version() returns integer
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select v.version from public.paddock_version v
$$;
