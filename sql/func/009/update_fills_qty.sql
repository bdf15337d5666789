-- Updates how much of an order its fills account for. Where that is not what
-- the broker says was filled, the missing fills are asked for.
create or replace function app.update_fills_qty(p_account uuid, p_order uuid) returns void
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  update app.alpaca_orders o set fills_qty = f.qty
    from (select coalesce(sum(t.qty), 0) as qty from app.fills t
      where t.account_id = p_account and t.order_id = p_order and t.state = 'live') f
    where o.account_id = p_account and o.id = p_order and o.fills_qty <> f.qty;
$$;
