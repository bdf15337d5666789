-- Returns the event log's partitions, and the time before which all events of
-- each of them lie.
create or replace function private.event_partitions() returns table (relname name, ends_at timestamptz)
stable set search_path = pg_catalog, pg_temp
language sql as $$
  select c.relname, (regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$TO \('([^']+)'\)$re$))[1]::timestamptz
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'app.account_events'::regclass
$$;
