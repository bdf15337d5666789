-- Has River look at every destination that is due, has events to send, and that nobody
-- works on. In quiet hours it has some where something new may be urgent. Returns how many
-- looks that are. One look waits for each.
create or replace function private.wake_destinations() returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  woken integer;
begin
  insert into jobs.river_job (state, max_attempts, scheduled_at, args, kind, queue, unique_key, unique_states)
    select 'available', 1, clock_timestamp(), jsonb_build_object('account_id', d.account_id, 'destination_id', d.id), 'destination', 'destinations',
        sha256(convert_to('destination ' || d.id, 'UTF8')), B'10110001'
      from app.destinations d join app.event_heads h on h.account_id = d.account_id and h.last_seq > d.last_seq
      where d.state = 'on' and d.due_at <= clock_timestamp() and coalesce(d.live_until, '-infinity') <= clock_timestamp()
        and (d.urgent and h.last_seq > d.urgent_seq or not app.is_quiet(d.quiet_from, d.quiet_until, d.time_zone, clock_timestamp()))
      order by d.id
    on conflict (unique_key)
      where unique_key is not null and unique_states is not null and jobs.river_job_state_in_bitmask(unique_states, state)
      do nothing;
  get diagnostics woken = row_count;
  return woken;
end
$$;
