-- Returns how many webhooks there are, over all accounts: those from
-- which events are taken, those that are on and did not take the next one, and those that were switched off within
-- the last day because nothing was taken for long. A webhook that was switched off so
-- keeps the time at which it would have been tried again, an hour later at most.
create or replace function private.webhook_counts(out working bigint, out failing bigint, out given_up bigint)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select count(*) filter (where w.state = 'on' and w.failing_since is null),
      count(*) filter (where w.state = 'on' and w.failing_since is not null),
      count(*) filter (where w.state = 'off' and w.off_reason = 'failing' and w.due_at > clock_timestamp() - interval '1 day')
    from app.webhooks w
$$;
