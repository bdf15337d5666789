-- Returns a time as the API writes it: RFC 3339, in UTC, with microseconds.
create or replace function app.rfc3339(t timestamptz) returns text
stable parallel safe
language sql
return to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
