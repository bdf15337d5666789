-- Returns the version of the master key under which credentials are stored, and
-- NULL before the first use of any.
create or replace function private.storing_key_version() returns integer
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select m.key_version from private.master_keys m where m.stores
$$;
