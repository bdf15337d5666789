-- Returns what app.origin says of the request: the session's id, the request's id,
-- the client's address, and the method and path; NULL for each that it does not
-- say, as - or nothing. After an admission it is what the admission set (see private.admit).
create or replace function private.origin() returns text[]
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  -- A regular expression took ten times as long.
  parts text[] := string_to_array(current_setting('app.origin', true), ' ');
begin
  return array[nullif(parts[1], ''), nullif(parts[2], ''), nullif(nullif(parts[3], ''), '-'), nullif(array_to_string(parts[4:], ' '), '')];
end
$$;
