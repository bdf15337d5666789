-- Returns counts by which an operator sees whether the deployment works, and
-- nothing of any one account: the live instances of the server; the accounts
-- with working keys, how many of these are leased, and how many have not agreed
-- with the broker for p_age (or, if they never did, whose keys are older than
-- that); the agreement that is longest ago; and when the seal's key was made.
-- The last two are null where there is none.
create or replace function private.deployment_state(p_age interval)
returns table (instances bigint, accounts bigint, leased bigint, behind bigint, oldest_agreement timestamptz, seal_key_made timestamptz)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select (select count(*) from private.live_instances()),
      count(c.account_id),
      count(*) filter (where l.holder in (select i.holder from private.live_instances() i)),
      count(*) filter (where coalesce(s.agreed_at, c.updated_at) < clock_timestamp() - p_age),
      min(s.agreed_at),
      (select k.created_at from private.seal_keys k where k.is_current)
    from private.user_credentials c
    left join app.stream_leases l on l.account_id = c.account_id
    left join app.stream_cursors s on s.account_id = c.account_id
    where c.rejected_at is null
$$;
