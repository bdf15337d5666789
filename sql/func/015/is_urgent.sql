-- Reports whether somebody has to act on an event soon: keys that Alpaca refuses, an
-- approval that waits, a switch that was turned, a wind-down that is stuck, and an order of
-- which nobody knows whether it was placed. Notices may tell of it in quiet hours.
create or replace function app.is_urgent(p_kind text, p_data jsonb) returns boolean
immutable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  event text := p_data->>'event';
begin
  return coalesce(case p_kind
    when 'credentials' then p_data->>'state' = 'needs_credentials'
    when 'approval' then event = 'pending'
    when 'guard' then event = 'switch' or event = 'wind_down' and p_data->'wind_down'->>'state' = 'stuck'
    when 'order' then event = 'unknown'
    end, false);
end
$$;
