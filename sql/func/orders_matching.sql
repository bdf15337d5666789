-- An account's orders that a list asks for; null asks for any. Times are those
-- at which an order was submitted. p_symbols are without the slash of a pair.
-- One plain statement, so that it becomes a part of the query that calls it.
create function app.orders_matching(p_account uuid, p_after timestamptz, p_until timestamptz,
  p_symbols text[], p_side text, p_classes text[]) returns setof app.alpaca_orders
stable
language sql as $$
  select o.* from app.alpaca_orders o
  where o.account_id = p_account
    and (p_after is null or coalesce(o.submitted_at, o.created_at) > p_after)
    and (p_until is null or coalesce(o.submitted_at, o.created_at) < p_until)
    and (p_symbols is null or replace(o.symbol, '/', '') = any (p_symbols))
    and (p_side is null or o.side = p_side)
    and (p_classes is null or o.broker_order->>'asset_class' = any (p_classes))
$$;
