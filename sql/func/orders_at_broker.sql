-- A list of orders from the broker's own answer, beside those of our intents
-- that it does not know: their answer is missing, or it never took them. The
-- broker has left out what the list does not ask for.
create function app.orders_at_broker(p_account uuid, p_orders jsonb, p_after timestamptz, p_until timestamptz,
  p_symbols text[], p_side text, p_classes text[], p_open boolean) returns setof app.alpaca_orders
stable
language sql as $$
  select b.* from app.orders_as_told(p_account, p_orders) b
  union all
  select o.* from app.orders_matching(p_account, p_after, p_until, p_symbols, p_side, p_classes) o
  where o.alpaca_order_id is null and (p_open is null or o.is_open = p_open)
    and not exists (select from jsonb_array_elements(p_orders) b where b->>'client_order_id' = o.client_order_id)
$$;
