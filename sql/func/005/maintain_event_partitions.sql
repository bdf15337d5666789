-- Creates the event log's partitions of this month and the next three, drops
-- those of which mark_expired_events has marked all events, and returns how
-- many it created and dropped. Its lock_timeout is short, because everybody
-- else would queue behind a drop that waits: while a session keeps the log
-- locked, the call fails, and a later one drops.
create or replace function private.maintain_event_partitions() returns table (made integer, dropped integer)
volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '200ms'
language plpgsql as $$
declare
  old record;
begin
  -- One such call at a time. This lock stops neither writers nor readers.
  lock table app.account_events in share update exclusive mode;
  select count(*) into made
    from generate_series(0, 3) n
    where private.add_event_partition(clock_timestamp() + n * interval '1 month');
  dropped := 0;
  for old in
    select p.relname from private.partitions('app.account_events') p
      join private.event_retention r on p.ends_at <= r.expired_before
      order by p.ends_at
  loop
    execute format('drop table app.%I', old.relname);
    dropped := dropped + 1;
  end loop;
  return next;
end
$$;
