-- Returns the refusal of an order as an array, where a heartbeat that must come every
-- p_seconds has stayed away, and else an empty one. p_whose says whose it is, for people.
create or replace function app.missed_heartbeat(p_whose text, p_seconds integer, p_beaten_at timestamptz) returns jsonb
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if app.is_beating(p_beaten_at, p_seconds) then
    return '[]'::jsonb;
  end if;
  return jsonb_build_array(app.violation('heartbeat', p_seconds::text, floor(extract(epoch from clock_timestamp() - p_beaten_at))::text,
    format('%s needs a heartbeat every %s seconds, and %s. Send POST /api/heartbeat first. Positions can still be closed.', p_whose, p_seconds,
      coalesce('the last one came at ' || app.rfc3339(p_beaten_at), 'there was none yet'))));
end
$$;
