-- Returns the accounts with a running wind-down that the holder has leased.
create or replace function private.running_wind_downs(p_holder uuid) returns setof uuid
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select distinct w.account_id from app.wind_downs w
  join app.stream_leases l on l.account_id = w.account_id and l.holder = p_holder and l.expires_at > clock_timestamp()
  where w.state = 'running'
$$;
