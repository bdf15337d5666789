-- Returns the sessions of reporting logins that there are in this database now.
create or replace function private.seen_report_sessions() returns table (login oid, address text, program text, began timestamptz)
volatile security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select a.usesysid, coalesce(host(a.client_addr), 'local'), a.application_name, a.backend_start
    from pg_stat_get_activity(null) a
    where a.datid = (select d.oid from pg_database d where d.datname = current_database()) and a.backend_start is not null
      and pg_has_role(a.usesysid, 'paddock_report', 'member') and not pg_has_role(a.usesysid, 'paddock_watchdog', 'member')
$$;
