-- The orders that are no leg of another, of which a list asks for them or one
-- of their legs. p_open null asks for any status; the rest is as of
-- app.orders_matching.
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
