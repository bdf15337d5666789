-- Returns the orders that are not legs of another, where they or one of their
-- legs match a list's filters. p_open NULL matches any status; the other
-- filters are those of app.orders_matching.
create or replace function app.top_level_orders_matching(p_account uuid, p_after timestamptz, p_until timestamptz,
  p_symbols text[], p_side text, p_classes text[], p_open boolean) returns setof app.alpaca_orders
stable
language sql as $$
  select o.* from app.alpaca_orders o
  where o.account_id = p_account and case
    when o.parent_alpaca_order_id is not null then false
    when exists (select from app.orders_matching(p_account, p_after, p_until, p_symbols, p_side, p_classes) m
      where m.id = o.id and (p_open is null or m.is_open = p_open)) then true
    else exists (select from app.orders_matching(p_account, p_after, p_until, p_symbols, p_side, p_classes) m
      where m.parent_alpaca_order_id = o.alpaca_order_id and (p_open is null or m.is_open = p_open)) end
$$;
