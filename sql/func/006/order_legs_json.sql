-- Returns an order's legs as the API shows them; NULL if it has none.
create or replace function app.order_legs_json(p_account uuid, p_order uuid) returns jsonb
stable
language sql
begin atomic
  select jsonb_agg(app.order_json(o) order by o.created_at, o.id) from app.alpaca_orders o
  where o.account_id = p_account and o.parent_alpaca_order_id = p_order;
end;
