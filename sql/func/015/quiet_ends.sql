-- Returns when the quiet hours end in which p_at is; null where it is in none.
create or replace function app.quiet_ends(p_from time, p_until time, p_zone text, p_at timestamptz) returns timestamptz
stable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  clock timestamp := app.local_time(p_at, p_zone);
begin
  if not app.is_quiet(p_from, p_until, p_zone, p_at) then
    return null;
  end if;
  return app.instant(clock::date + p_until + (case when clock::time < p_until then interval '0' else interval '1 day' end), p_zone);
end
$$;
