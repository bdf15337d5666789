-- Returns the data of an event that says that an order changed other than by a
-- trade.
create or replace function app.order_event(p_event text, o app.alpaca_orders) returns jsonb
stable parallel safe
language sql
return app.change_event(p_event, app.order_json(o));
