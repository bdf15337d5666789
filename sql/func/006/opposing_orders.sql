-- Returns the open orders on the other side of a symbol, with which an order of
-- this side could trade: oldest first, at most 50.
create or replace function app.opposing_orders(p_account uuid, p_symbol text, p_side text) returns setof app.alpaca_orders
stable set search_path = pg_catalog, pg_temp
language sql as $$
  select o.* from app.alpaca_orders o
  where o.account_id = p_account and app.position_symbol(o.symbol) = app.position_symbol(p_symbol) and o.side <> p_side and o.alpaca_order_id is not null
    and not app.is_ended(o.status)
  order by o.created_at limit 50
$$;
