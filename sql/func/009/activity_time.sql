-- When an activity counts. The broker tells the time of many by created_at, and
-- of some the day alone, which is New York's: fees and what becomes of contracts
-- come after the trades of that day, and a split before them. A date with a time
-- of its own is one.
create or replace function app.activity_time(a jsonb) returns timestamptz
stable parallel safe
language sql
return case
  when nullif(a->>'created_at', '') is not null then (a->>'created_at')::timestamptz
  when a->>'date' ~ ':' and a->>'date' !~ '[T ]00:00(:00(\.0+)?)?([^0-9.:].*)?$' then (a->>'date')::timestamptz
  when a->>'activity_type' = 'SPLIT' then left(a->>'date', 10)::date::timestamp at time zone 'America/New_York'
  else (left(a->>'date', 10)::date + 1)::timestamp at time zone 'America/New_York' - interval '1 microsecond' end;
