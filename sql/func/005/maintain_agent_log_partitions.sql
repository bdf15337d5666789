-- Creates the partitions of agents' logs that are missing, from the oldest month
-- of which lines are kept (but no more than a year back, however long that is) to the third to come, drops those of which every line is older,
-- and returns how many it created and dropped. It waits only shortly for locks, as
-- maintain_event_partitions does.
--
-- Where a month was missing its lines are in agent_logs_other: they move, once a month, since
-- Postgres makes no partition of rows that another one has. Those there that are
-- older than lines are kept go. The table's owner sees rows only while row level
-- security is not forced, and nobody else sees it like that: the lock keeps all away.
create or replace function private.maintain_agent_log_partitions() returns table (made integer, dropped integer)
volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '200ms'
language plpgsql as $$
declare
  oldest timestamptz := (select clock_timestamp() - r.keep from private.agent_log_retention r);
  last timestamp := date_trunc('month', clock_timestamp() at time zone 'UTC') + interval '3 months';
  month timestamp := date_trunc('month', greatest(oldest, clock_timestamp() - interval '1 year') at time zone 'UTC');
  name text;
  begins text;
  ends text;
  old record;
begin
  -- One such call at a time. This lock stops neither writers nor readers.
  lock table app.agent_logs in share update exclusive mode;
  made := 0;
  while month <= last loop
    name := 'agent_logs_' || to_char(month, 'YYYY_MM');
    begins := to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00';
    month := month + interval '1 month';
    ends := to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00';
    continue when to_regclass('app.' || name) is not null;
    if made = 0 then
      alter table app.agent_logs_other no force row level security;
      delete from app.agent_logs_other o where o.at < oldest;
    end if;
    execute format('create table app.%I (like app.agent_logs_sent including all)', name);
    -- Statistics targets are not copied.
    execute (select format('alter table app.%I ', name) || string_agg(format('alter column %I set statistics 0', a.attname), ', ')
      from pg_attribute a where a.attrelid = 'app.agent_logs_sent'::regclass and a.attnum > 0 and a.attstattarget = 0);
    execute format('with moved as (delete from app.agent_logs_other o where o.at >= %L and o.at < %L returning o.*)
      insert into app.%I select * from moved', begins, ends, name);
    execute format('alter table app.%I enable row level security, force row level security', name);
    execute format('alter table app.agent_logs_sent attach partition app.%I for values from (%L) to (%L)', name, begins, ends);
    made := made + 1;
  end loop;
  if made > 0 then
    alter table app.agent_logs_other force row level security;
  end if;
  dropped := 0;
  for old in
    select p.relname from private.partitions('app.agent_logs_sent') p where p.ends_at <= oldest order by p.ends_at
  loop
    execute format('drop table app.%I', old.relname);
    dropped := dropped + 1;
  end loop;
  return next;
end
$$;
