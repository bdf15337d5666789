-- Has River look at an owner's lists at once or after p_after, where any waits: at the end
-- of a look that leaves something to do.
create or replace function private.look_again(p_owner text, p_after interval) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select private.wake_jobs(p_owner, p_after)
    where exists (select from private.job_lists l where l.owner = p_owner and l.waits)
$$;
