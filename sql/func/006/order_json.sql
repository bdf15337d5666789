-- Returns an order as the API shows it, including the broker's fields that have
-- no column here. Amounts are strings. Lists read the same fields as columns
-- (orderColumns in Go), which is faster; a test compares the two.
create or replace function app.order_json(o app.alpaca_orders) returns jsonb
stable parallel safe
language sql
return coalesce(o.others, '{}') || jsonb_build_object(
  'id', o.id,
  'alpaca_order_id', o.alpaca_order_id,
  'client_order_id', o.client_order_id,
  'symbol', o.symbol,
  'side', o.side,
  'type', o.type,
  'order_type', o.type,
  'time_in_force', o.time_in_force,
  'order_class', o.order_class,
  'position_intent', o.position_intent,
  'qty', o.qty::text,
  'notional', o.notional::text,
  'limit_price', o.limit_price::text,
  'stop_price', o.stop_price::text,
  'trail_price', o.trail_price::text,
  'trail_percent', o.trail_percent::text,
  'hwm', o.hwm::text,
  'extended_hours', o.extended_hours,
  'filled_qty', o.filled_qty::text,
  'filled_avg_price', o.filled_avg_price::text,
  'status', o.status,
  'intent_state', o.intent_state,
  'status_message', o.status_message,
  'action', o.action,
  'parent_alpaca_order_id', o.parent_alpaca_order_id,
  'replaces', o.replaces,
  'replaced_by', o.replaced_by)
  -- In two parts, because a function takes at most 100 arguments.
  || jsonb_build_object(
  'submitted_by', o.submitted_by,
  'token_id', o.token_id,
  'orchestrator_agent_id', o.orchestrator_agent_id,
  'tag', o.tag,
  'reason', o.reason,
  'sleeve_id', o.sleeve_id,
  'broker_request_id', o.broker_request_id,
  'created_at', app.rfc3339(o.created_at),
  'submitted_at', app.rfc3339(o.submitted_at),
  'filled_at', app.rfc3339(o.filled_at),
  'canceled_at', app.rfc3339(o.canceled_at),
  'expired_at', app.rfc3339(o.expired_at),
  'failed_at', app.rfc3339(o.failed_at),
  'replaced_at', app.rfc3339(o.replaced_at),
  'updated_at', app.rfc3339(o.updated_at));
