-- Returns how far an import is in each of its tables.
create or replace function private.import_progress(p_account uuid, p_import uuid)
returns table (name text, "position" text, taken bigint, refused bigint, ended boolean)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select t.name, t.position, t.taken, t.refused, t.ended from private.import_tables t
    where t.account_id = p_account and t.import_id = p_import
$$;
