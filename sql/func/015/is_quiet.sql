-- Reports whether p_at is in the quiet hours of a time zone, which begin at p_from and end
-- before p_until, maybe on the next day. Clocks decide: on a day when they are changed the
-- hours are longer or shorter.
create or replace function app.is_quiet(p_from time, p_until time, p_zone text, p_at timestamptz) returns boolean
stable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  clock time;
begin
  if p_from is null then
    return false;
  end if;
  clock := app.local_time(p_at, p_zone)::time;
  return case when p_from < p_until then clock >= p_from and clock < p_until else clock >= p_from or clock < p_until end;
end
$$;
