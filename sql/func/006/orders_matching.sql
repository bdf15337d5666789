-- Returns an account's orders that match a list's filters; a filter of NULL
-- matches all. The times are compared with when an order was submitted.
-- p_symbols have no slash in pairs.
--
-- It is one plain statement, so that the planner inlines it in the query that
-- calls it. Its conditions are one CASE, which the planner expects half of the
-- rows to pass. Of separate conditions it would expect, without statistics,
-- that next to no row passes, and would read and sort a whole account for one
-- page.
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
