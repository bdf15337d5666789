-- Has River look at the lists of an owner's accounts, at once or after p_after. p_owner
-- is the digest of the user's id. One look waits for each owner, however many accounts
-- and jobs they have; if it would be later than asked for now, it is moved forward.
--
-- A look that is running already does not count as one that waits, since it may have
-- seen the lists before the job was there. The look that waits is locked until this
-- transaction commits, so that River fetches it afterwards and it sees what is new.
-- Looks are never tried again (max_attempts): a row that comes back could meet another
-- that waits for the same owner. What a look that died has left is found by
-- wake_waiting_jobs.
create or replace function private.wake_jobs(p_owner text, p_after interval default '0') returns void
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  insert into jobs.river_job (state, max_attempts, scheduled_at, args, kind, queue, unique_key, unique_states)
    values ('available', 1, clock_timestamp() + p_after, jsonb_build_object('owner', p_owner), 'jobs', 'jobs',
      sha256(convert_to('jobs ' || p_owner, 'UTF8')), B'10110001')
    on conflict (unique_key)
      where unique_key is not null and unique_states is not null and jobs.river_job_state_in_bitmask(unique_states, state)
      do update set scheduled_at = excluded.scheduled_at where river_job.state = 'available' and river_job.scheduled_at > excluded.scheduled_at
$$;
