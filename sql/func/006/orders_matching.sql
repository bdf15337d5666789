-- An account's orders that a list asks for; null asks for any. Times are those
-- at which an order was submitted. p_symbols are without the slash of a pair.
-- One plain statement, so that it becomes a part of the query that calls it;
-- and one CASE, of which the planner thinks that half pass: of separate
-- conditions it believes, for want of statistics, that next to nothing does,
-- and then reads and sorts a whole account for one page.
create or replace function app.orders_matching(p_account uuid, p_after timestamptz, p_until timestamptz,
  p_symbols text[], p_side text, p_classes text[]) returns setof app.alpaca_orders
stable
language sql as $$
  select o.* from app.alpaca_orders o
  where o.account_id = p_account and case
    when p_after is not null and coalesce(o.submitted_at, o.created_at) <= p_after then false
    when p_until is not null and coalesce(o.submitted_at, o.created_at) >= p_until then false
    when p_symbols is not null and (replace(o.symbol, '/', '') = any (p_symbols)) is not true then false
    when p_side is not null and (o.side = p_side) is not true then false
    when p_classes is not null and (o.broker_order->>'asset_class' = any (p_classes)) is not true then false
    else true end
$$;
