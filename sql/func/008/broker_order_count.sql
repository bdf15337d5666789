-- Returns how many orders at the broker an order stands for: its exits count
-- with it until they have rows of their own. A multi-leg order counts as one.
create or replace function app.broker_order_count(o app.alpaca_orders) returns integer
immutable parallel safe
language sql
return case
  when o.order_class = 'mleg' then case when o.parent_alpaca_order_id is null then 1 else 0 end
  when o.alpaca_order_id is not null or o.action = 'replace' then 1
  else 1 + case o.order_class when 'bracket' then 2 when 'oco' then 1 when 'oto' then 1 else 0 end end;
