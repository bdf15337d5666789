-- Returns the day, in a time zone, whose summary is due at p_at: today, where clocks there
-- show p_time or later, and the wish for it (p_since) is older. So one that was missed is
-- made up for on the same day, and no later. Null: none is due.
create or replace function app.summary_day(p_time time, p_zone text, p_since timestamptz, p_at timestamptz) returns date
stable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  clock timestamp := app.local_time(p_at, p_zone);
begin
  return case when clock::time >= p_time and app.local_time(p_since, p_zone) <= clock::date + p_time then clock::date end;
end
$$;
