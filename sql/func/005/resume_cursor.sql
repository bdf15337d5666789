-- Returns the cursor with which a reader goes on after an event: its number and
-- its mark, which is when it was written, in hexadecimal microseconds since 1970.
-- By the mark the event is told from another one of the same number, as a
-- database has that came back older than it was. A log without events has '0'.
create or replace function app.resume_cursor(p_seq bigint, p_at timestamptz) returns text
immutable set search_path = pg_catalog, pg_temp
language sql as $$
  select p_seq::text || coalesce('-' || to_hex((extract(epoch from p_at) * 1000000)::bigint), '')
$$;
