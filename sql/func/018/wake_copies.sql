-- Has River look at the copies of a leader's orders. One look waits for each leader.
create or replace function private.wake_copies(p_leader uuid) returns void
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  insert into jobs.river_job (state, max_attempts, scheduled_at, args, kind, queue, unique_key, unique_states)
    values ('available', 1, clock_timestamp(), jsonb_build_object('account_id', p_leader), 'copies', 'copies',
      sha256(convert_to('copies ' || p_leader, 'UTF8')), B'10110001')
    on conflict (unique_key)
      where unique_key is not null and unique_states is not null and jobs.river_job_state_in_bitmask(unique_states, state)
      do update set scheduled_at = excluded.scheduled_at where river_job.state = 'available' and river_job.scheduled_at > excluded.scheduled_at
$$;
