-- Returns the orders that keep an account, or its keys, from being deleted:
-- those that are open at the broker, or may be because its answer is missing.
-- Returns NULL if there are none, or if p_open_orders is 'leave': then they stay
-- at the broker, and Paddock does not know them any more.
create or replace function private.orders_blocking_deletion(p_account uuid, p_open_orders text) returns jsonb
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select jsonb_agg(jsonb_build_object('id', o.id, 'client_order_id', o.client_order_id, 'alpaca_order_id', o.alpaca_order_id,
      'symbol', o.symbol, 'side', o.side, 'type', o.type, 'qty', trim_scale(o.qty)::text, 'notional', trim_scale(o.notional)::text,
      'status', o.status) order by o.created_at, o.id)
    from app.alpaca_orders o
    where o.account_id = p_account and p_open_orders is distinct from 'leave'
      and (o.intent_state in ('submitting', 'unknown') or o.is_open and o.intent_state <> 'unsent')
$$;
