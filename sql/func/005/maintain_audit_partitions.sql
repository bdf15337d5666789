-- Creates the audit's partitions of this month and the next three, drops those of
-- which every row is older than the retention, and returns how many it created and
-- dropped. It waits only shortly for locks, as maintain_event_partitions does.
create or replace function private.maintain_audit_partitions() returns table (made integer, dropped integer)
volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '200ms'
language plpgsql as $$
declare
  log text;
  month timestamp;
  name text;
  old record;
begin
  made := 0;
  dropped := 0;
  foreach log in array array['audit_log', 'user_audit_log'] loop
    -- One such call at a time. This lock stops neither writers nor readers.
    execute format('lock table app.%I in share update exclusive mode', log);
    for n in 0 .. 3 loop
      month := date_trunc('month', clock_timestamp() at time zone 'UTC') + n * interval '1 month';
      name := log || '_' || to_char(month, 'YYYY_MM');
      continue when to_regclass('app.' || name) is not null;
      execute format('create table app.%I (like app.%I including all)', name, log);
      execute format('alter table app.%I enable row level security, force row level security', name);
      -- Statistics targets are not copied.
      execute (select format('alter table app.%I ', name) || string_agg(format('alter column %I set statistics 0', a.attname), ', ')
        from pg_attribute a where a.attrelid = ('app.' || log)::regclass and a.attnum > 0 and a.attstattarget = 0);
      -- Attaching a table locks less than creating it as a partition: writers go on.
      execute format('alter table app.%I attach partition app.%I for values from (%L) to (%L)', log, name,
        to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
      made := made + 1;
    end loop;
    for old in
      select p.relname from private.partitions(('app.' || log)::regclass) p
        join private.audit_retention r on p.ends_at < clock_timestamp() - r.keep
        order by p.ends_at
    loop
      execute format('drop table app.%I', old.relname);
      dropped := dropped + 1;
    end loop;
  end loop;
  return next;
end
$$;
