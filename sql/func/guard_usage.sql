-- How much of its limits an account has used.
create function app.guard_usage(p_account uuid) returns jsonb
stable set search_path = pg_catalog, pg_temp
language sql
return jsonb_build_object(
  'orders_last_minute', app.orders_sent_since(p_account, clock_timestamp() - interval '1 minute'),
  'orders_today', app.orders_sent_since(p_account, app.new_york_midnight()),
  'open_orders', (select coalesce(sum(app.orders_made_by(o)), 0) from app.alpaca_orders o
    where o.account_id = p_account and o.status not in ('filled', 'canceled', 'expired', 'rejected', 'replaced')));
