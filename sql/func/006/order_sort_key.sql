-- Returns the values by which an order is sorted in lists, in those of this
-- database and in those of the broker, by our id or the broker's.
create or replace function app.order_sort_key(p_account uuid, p_order uuid)
returns table (created_at timestamptz, id uuid, submitted_at timestamptz, alpaca_order_id uuid)
stable set search_path = pg_catalog, pg_temp
language sql as $$
  select o.created_at, o.id, coalesce(o.submitted_at, o.created_at), o.alpaca_order_id from app.alpaca_orders o
  where o.account_id = p_account and (o.id = p_order or o.alpaca_order_id = p_order) limit 1
$$;
