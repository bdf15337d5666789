-- An order as the API shows it. Amounts are strings.
create or replace function app.order_json(o app.alpaca_orders) returns jsonb
stable parallel safe
language sql
return jsonb_build_object(
  'id', o.id,
  'alpaca_order_id', o.alpaca_order_id,
  'client_order_id', o.client_order_id,
  'symbol', o.symbol,
  'side', o.side,
  'type', o.type,
  'time_in_force', o.time_in_force,
  'order_class', o.order_class,
  'qty', o.qty::text,
  'notional', o.notional::text,
  'limit_price', o.limit_price::text,
  'stop_price', o.stop_price::text,
  'extended_hours', o.extended_hours,
  'filled_qty', o.filled_qty::text,
  'filled_avg_price', o.filled_avg_price::text,
  'status', o.status,
  'intent_state', o.intent_state,
  'status_message', o.status_message,
  'submitted_by', o.submitted_by,
  'orchestrator_agent_id', o.orchestrator_agent_id,
  'tag', o.tag,
  'broker_request_id', o.broker_request_id,
  'created_at', app.rfc3339(o.created_at),
  'submitted_at', app.rfc3339(o.submitted_at),
  'filled_at', app.rfc3339(o.filled_at),
  'updated_at', app.rfc3339(o.updated_at));
