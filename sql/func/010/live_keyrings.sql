-- Returns which versions of the master key the running instances have, and how
-- many instances have the same.
create or replace function private.live_keyrings() returns table (versions integer[], instances bigint)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select i.versions, count(*) from private.instance_keyrings i where i.live_until > clock_timestamp() group by i.versions
$$;
