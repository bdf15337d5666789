-- Returns the rows that an import did not take, in the order in which they were
-- read, from after a number on.
create or replace function private.import_refused(p_account uuid, p_import uuid, p_table text, p_after bigint, p_limit integer)
returns table (number bigint, key text, reason text)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select r.number, r.key, r.reason from private.import_refusals r
    where r.account_id = p_account and r.import_id = p_import and r.name = p_table and r.number > p_after
    order by r.number limit p_limit
$$;
