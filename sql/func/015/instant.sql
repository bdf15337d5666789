-- Returns when clocks in a time zone show p_clock; in UTC, as local_time.
create or replace function app.instant(p_clock timestamp, p_zone text) returns timestamptz
stable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return p_clock at time zone p_zone;
exception when invalid_parameter_value then
  return p_clock at time zone 'UTC';
end
$$;
