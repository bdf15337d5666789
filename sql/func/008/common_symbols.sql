-- Returns the symbols that two lists allow together. Null allows all. A list that has an
-- underlying allows the contracts on it.
create or replace function app.common_symbols(a text[], b text[]) returns text[]
immutable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if a is null or b is null then
    return case when a is null then b else a end;
  end if;
  return array(select distinct s from unnest(a || b) s
    where (s = any (a) or app.underlying(s) = any (a)) and (s = any (b) or app.underlying(s) = any (b)) order by s);
end
$$;
