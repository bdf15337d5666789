-- Returns the last midnight in New York, from which on the orders of a day are
-- counted.
create or replace function app.new_york_midnight() returns timestamptz
stable parallel safe
language sql
return date_trunc('day', clock_timestamp() at time zone 'America/New_York') at time zone 'America/New_York';
