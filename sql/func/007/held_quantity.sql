-- Returns the position in a symbol: negative if it is short, 0 if there is
-- none.
create or replace function app.held_quantity(p_account uuid, p_symbol text) returns numeric
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return coalesce((select p.qty from app.alpaca_positions p where p.account_id = p_account and p.symbol = app.position_symbol(p_symbol)), 0);
end
$$;
