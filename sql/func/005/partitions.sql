-- Returns the partitions of a log, and the time before which all rows of each of
-- them lie.
create or replace function private.partitions(p_log regclass) returns table (relname name, ends_at timestamptz)
stable set search_path = pg_catalog, pg_temp
language sql as $$
  select c.relname, (regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$TO \('([^']+)'\)$re$))[1]::timestamptz
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = p_log
$$;
