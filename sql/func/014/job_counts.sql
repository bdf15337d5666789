-- Returns for each kind of jobs, over all accounts, how many wait, how many run, and
-- for how many seconds the list has waited longest whose next job is due and on which
-- nobody works. A job that waits for its turn in its own list counts as waiting, and
-- says nothing of whether jobs are worked on.
create or replace function private.job_counts() returns table (kind text, waiting bigint, running bigint, waited double precision)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select k.kind,
      (select count(*) from app.jobs j where j.kind = k.kind and j.ended_at is null and j.state = 'waiting'),
      (select count(*) from app.jobs j where j.kind = k.kind and j.ended_at is null and j.state = 'running'),
      coalesce((select extract(epoch from max(clock_timestamp() - greatest(l.free_since, next.due_at))) from private.job_lists l
        cross join lateral (select j.due_at from app.jobs j
          where j.account_id = l.account_id and j.kind = l.kind and j.ended_at is null and j.state <> 'pending_approval' order by j.seq limit 1) next
        where l.kind = k.kind and l.waits and coalesce(l.live_until, '-infinity') < clock_timestamp() and next.due_at <= clock_timestamp()), 0)
    from (values ('order')) k (kind)
$$;
