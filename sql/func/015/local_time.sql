-- Returns what clocks in a time zone show at p_at; UTC's, where Postgres does not know the
-- zone any more, so that a zone that was dropped stops nothing.
create or replace function app.local_time(p_at timestamptz, p_zone text) returns timestamp
stable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return p_at at time zone p_zone;
exception when invalid_parameter_value then
  return p_at at time zone 'UTC';
end
$$;
