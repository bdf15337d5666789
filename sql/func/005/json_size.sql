-- Returns how many bytes j takes as text. Numbers are written without their
-- exponents: 1e131071 is eight bytes of JSON and 131,072 as text. So where a
-- number has more than 400 digits on either side of its point, this returns the
-- largest bigint, and does not write the text. (jsonb.Size in Go has the same
-- bound.)
--
-- It is not in SQL, because constraints call it, and Postgres plans a function in SQL
-- anew for each statement that checks a constraint.
create or replace function app.json_size(j jsonb) returns bigint
immutable strict parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  -- Most have no numbers, since amounts are texts; this asks without a query.
  if not jsonb_path_exists(j, 'strict $.** ? (@.type() == "number")') then
    return octet_length(j::text);
  end if;
  if exists (select from jsonb_path_query(j, 'strict $.** ? (@.type() == "number")') n
      where scale(n::numeric) > 400 or abs(n::numeric) >= 1e400) then
    return 9223372036854775807;
  end if;
  return octet_length(j::text);
end
$$;
