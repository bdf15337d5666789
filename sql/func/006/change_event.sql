-- Returns the data of an event that says that an order changed other than by a
-- trade. p_order is the order as app.order_json has it.
create or replace function app.change_event(p_event text, p_order jsonb) returns jsonb
immutable parallel safe
language sql
return jsonb_build_object('event', p_event, 'order', p_order, 'execution', null, 'position_qty', null);
