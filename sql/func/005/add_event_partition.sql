-- Creates the partition of the event log for the month of p_at, in UTC, and
-- returns true; returns false if it exists already. Each partition has keys of
-- its own: a key over all of them would have to contain the column "at", and
-- would then allow a number twice. No role gets grants on a partition: all
-- access goes through app.account_events, where the policies are.
create or replace function private.add_event_partition(p_at timestamptz) returns boolean
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  month timestamp := date_trunc('month', p_at at time zone 'UTC');
  name text := 'account_events_' || to_char(month, 'YYYY_MM');
begin
  if to_regclass('app.' || name) is not null then
    return false;
  end if;
  execute format('create table app.%I (like app.account_events including defaults including constraints)', name);
  execute format('alter table app.%I add primary key (account_id, seq), add unique (account_id, broker_event_id)', name);
  execute format('alter table app.%I alter column account_id set statistics 0, alter column broker_event_id set statistics 0,
    alter column data set statistics 0', name);
  execute format('alter table app.%I enable row level security, force row level security', name);
  -- Attaching a table locks less than creating it as a partition: writers go on.
  execute format('alter table app.account_events attach partition app.%I for values from (%L) to (%L)', name,
    to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
  return true;
end
$$;
