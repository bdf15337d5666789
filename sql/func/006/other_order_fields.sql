-- Returns the fields of a broker's order that have no column here, under the
-- broker's names, including fields that it may add one day. Those that clients
-- rely on are always there. Fields that app.order_json has are left out. (A
-- generated column is this, and a function in SQL would be planned anew for each
-- change of a row.)
create or replace function app.other_order_fields(o jsonb) returns jsonb
immutable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return '{"asset_id": null, "asset_class": null, "expires_at": null, "ratio_qty": null}'::jsonb || (
  case when jsonb_typeof(o) = 'object' then o else '{}' end - array[
    'id', 'alpaca_order_id', 'client_order_id', 'symbol', 'side', 'type', 'order_type', 'time_in_force', 'order_class', 'position_intent',
    'qty', 'notional', 'limit_price', 'stop_price', 'trail_price', 'trail_percent', 'hwm', 'extended_hours', 'filled_qty', 'filled_avg_price',
    'status', 'intent_state', 'status_message', 'action', 'parent_alpaca_order_id', 'replaces', 'replaced_by', 'legs', 'submitted_by',
    'orchestrator_agent_id', 'tag', 'broker_request_id', 'created_at', 'submitted_at', 'filled_at', 'canceled_at', 'expired_at', 'failed_at',
    'replaced_at', 'updated_at']);
end
$$;
