-- Returns how many destinations of each type there are, over all accounts: those from
-- which events are taken, those that are on and did not take the next one, and those that were switched off within
-- the last day because nothing was taken for long. One that was switched off so
-- keeps the time at which it would have been tried again, an hour later at most.
create or replace function private.destination_counts() returns table (type text, working bigint, failing bigint, given_up bigint)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select d.type, count(*) filter (where d.state = 'on' and d.failing_since is null),
      count(*) filter (where d.state = 'on' and d.failing_since is not null),
      count(*) filter (where d.state = 'off' and d.off_reason = 'failing' and d.due_at > clock_timestamp() - interval '1 day')
    from app.destinations d group by d.type
$$;
