-- Has River look at the lists of every owner of whom one has something to do that nobody
-- works on: its holder died, or River's row was lost. Returns how many looks that are.
create or replace function private.wake_waiting_jobs() returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text;
  woken integer := 0;
begin
  for who in
    select distinct l.owner from private.job_lists l
      where l.waits and coalesce(l.live_until, '-infinity') <= clock_timestamp()
        and coalesce((select j.due_at from app.jobs j
          where j.account_id = l.account_id and j.kind = l.kind and j.ended_at is null and j.state <> 'pending_approval' order by j.seq limit 1), '-infinity') <= clock_timestamp()
      order by l.owner -- in one order, so that two of these cannot wait for each other
  loop
    perform private.wake_jobs(who);
    woken := woken + 1;
  end loop;
  return woken;
end
$$;
