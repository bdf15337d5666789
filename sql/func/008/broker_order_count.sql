-- Returns how many orders at the broker an order of these columns stands for: its exits
-- count with it until they have rows of their own. A multi-leg order counts as one.
create or replace function app.broker_order_count(p_action text, p_order_class text, p_alpaca_order_id uuid, p_parent uuid) returns integer
immutable parallel safe
language sql
return case
  when p_order_class = 'mleg' then case when p_parent is null then 1 else 0 end
  when p_alpaca_order_id is not null or p_action = 'replace' then 1
  else 1 + case p_order_class when 'bracket' then 2 when 'oco' then 1 when 'oto' then 1 else 0 end end;
