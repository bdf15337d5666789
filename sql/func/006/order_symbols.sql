-- Returns symbols in the form that orders have. An empty list, which allows nothing, stays
-- one, and NULL, which allows anything, stays NULL.
create or replace function app.order_symbols(p_symbols text[]) returns text[]
immutable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if p_symbols is not null then
    return array(select app.order_symbol(s) from unnest(p_symbols) with ordinality a (s, n) order by n);
  end if;
  return null;
end
$$;
