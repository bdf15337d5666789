-- Returns a wind-down as the API and the account's events show it.
create or replace function app.wind_down_json(w app.wind_downs) returns jsonb
stable parallel safe
language sql
return jsonb_build_object(
  'id', w.id, 'state', w.state, 'cancel_orders', w.cancel_orders, 'liquidate', w.liquidate,
  'repair', case when w.repair_symbol is not null then jsonb_build_object('symbol', w.repair_symbol, 'qty', w.repair_qty::text) end,
  'message', w.message, 'remaining', w.remaining, 'asked_by', w.asked_by,
  'asked_at', app.rfc3339(w.asked_at), 'updated_at', app.rfc3339(w.updated_at), 'ended_at', app.rfc3339(w.ended_at));
