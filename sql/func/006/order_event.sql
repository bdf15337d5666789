-- Returns the data of an event that says that an order changed other than by a
-- trade.
create or replace function app.order_event(p_event text, o app.alpaca_orders) returns jsonb
stable parallel safe
language sql
return jsonb_build_object('event', p_event, 'order', app.order_json(o), 'execution', null, 'position_qty', null);
