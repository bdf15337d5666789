-- Returns the time at which an activity counts. Many have it in created_at.
-- Some have only a day, which is New York's: a split counts before the trades
-- of that day, and fees and the ends of option contracts after them. A date
-- that has a time of its own counts at that time.
create or replace function app.activity_time(a jsonb) returns timestamptz
stable parallel safe
language sql
return case
  when nullif(a->>'created_at', '') is not null then (a->>'created_at')::timestamptz
  when a->>'date' ~ ':' and a->>'date' !~ '[T ]00:00(:00(\.0+)?)?([^0-9.:].*)?$' then (a->>'date')::timestamptz
  when a->>'activity_type' = 'SPLIT' then left(a->>'date', 10)::date::timestamp at time zone 'America/New_York'
  else (left(a->>'date', 10)::date + 1)::timestamp at time zone 'America/New_York' - interval '1 microsecond' end;
