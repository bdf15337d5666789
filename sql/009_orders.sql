-- Orders of every type and class: their legs, what replaces what, and the key
-- by which a client names a request. Positions that are no longer held stay as
-- rows of quantity 0, so that no late update brings them back.

set local role paddock_owner;

alter table app.alpaca_orders
  -- What was asked of the broker. Both kinds make one order at most.
  add column action text not null default 'place' check (action in ('place', 'replace')),
  -- The client's own name for the request (the header Idempotency-Key).
  add column idempotency_key text check (char_length(idempotency_key) between 1 and 255),
  -- The request as it was sent: legs and all.
  add column request jsonb,
  add column position_intent text,
  add column trail_price numeric,
  add column trail_percent numeric,
  add column hwm numeric,
  -- The broker's ids: of the order that this is a leg of, and of those before
  -- and after it in a chain of replacements.
  add column parent_alpaca_order_id uuid,
  add column replaces uuid,
  add column replaced_by uuid,
  add column expired_at timestamptz,
  add column failed_at timestamptz,
  add column replaced_at timestamptz,
  add constraint alpaca_orders_account_id_idempotency_key_key unique (account_id, idempotency_key);
create index alpaca_orders_parent_idx on app.alpaca_orders (account_id, parent_alpaca_order_id)
  where parent_alpaca_order_id is not null;

-- A list of positions that was asked for at as_of may hold what happened until
-- known_until, when its answer was there.
alter table app.alpaca_positions add column known_until timestamptz;

alter table app.alpaca_orders
  alter column idempotency_key set statistics 0, alter column request set statistics 0,
  alter column trail_price set statistics 0, alter column trail_percent set statistics 0, alter column hwm set statistics 0,
  alter column parent_alpaca_order_id set statistics 0, alter column replaces set statistics 0, alter column replaced_by set statistics 0;

grant insert (action, idempotency_key, request, position_intent, trail_price, trail_percent, replaces) on app.alpaca_orders to paddock_app;
grant insert (submitted_by, orchestrator_agent_id, tag, position_intent, trail_price, trail_percent, hwm, parent_alpaca_order_id,
  replaces, replaced_by, expired_at, failed_at, replaced_at) on app.alpaca_orders to paddock_worker;
-- A request's answer may bring the order's legs, which are rows of their own
-- and belong to whoever sent the order.
create policy app_inserts_legs on app.alpaca_orders for insert to paddock_app
  with check (account_id = (select private.account_id('cancel')) and parent_alpaca_order_id is not null);
grant insert (intent_state, hwm, alpaca_order_id, status, filled_qty, filled_avg_price, parent_alpaca_order_id, replaced_by,
  broker_request_id, broker_updated_at, broker_order, created_at, submitted_at, filled_at, canceled_at, expired_at, failed_at,
  replaced_at, updated_at) on app.alpaca_orders to paddock_app;
grant update (position_intent, trail_price, trail_percent, hwm, parent_alpaca_order_id, replaces, replaced_by, expired_at,
  failed_at, replaced_at) on app.alpaca_orders to paddock_app, paddock_worker;
grant update (known_until) on app.alpaca_positions to paddock_app, paddock_worker;

drop function app.record_order(uuid, jsonb, text);
{{ template "func/old/order_json_2.sql" . }}
{{ template "func/sent_as.sql" . }}
{{ template "func/average_entry.sql" . }}
{{ template "func/old/move_position_1.sql" . }}
{{ template "func/old/record_order_2.sql" . }}
{{ template "func/old/record_positions_2.sql" . }}
{{ template "func/old/apply_trade_update_2.sql" . }}
grant execute on function app.sent_as(uuid, text, text) to paddock_app;
grant execute on function app.average_entry(numeric, numeric, numeric, numeric) to paddock_app, paddock_worker;
grant execute on function app.move_position(uuid, text, text, numeric, numeric, timestamptz) to paddock_app, paddock_worker;
grant execute on function app.record_order(uuid, jsonb, text, uuid, boolean) to paddock_app, paddock_worker;

grant select (position_intent, trail_price, trail_percent, parent_alpaca_order_id, replaces, replaced_by) on app.alpaca_orders to paddock_report;
create or replace view report.orders with (security_invoker = true, security_barrier = true) as
  select account_id, id as order_id, client_order_id, alpaca_order_id, symbol, side, type, time_in_force, order_class,
    qty, notional, limit_price, stop_price, extended_hours, status, status_message, filled_qty, filled_avg_price,
    orchestrator_agent_id, tag, created_at, submitted_at, filled_at, canceled_at, updated_at,
    position_intent, trail_price, trail_percent, parent_alpaca_order_id, replaces, replaced_by
  from app.alpaca_orders;
create or replace view report.positions with (security_invoker = true, security_barrier = true) as
  select account_id, symbol, asset_class, qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, as_of
  from app.alpaca_positions
  where qty <> 0;

reset role;

---- create above / drop below ----

set local role paddock_owner;
-- The owner is held by RLS too, but for this.
alter table app.alpaca_positions no force row level security;
delete from app.alpaca_positions where qty = 0;
alter table app.alpaca_positions force row level security;
drop policy app_inserts_legs on app.alpaca_orders;
create or replace view report.positions with (security_invoker = true, security_barrier = true) as
  select account_id, symbol, asset_class, qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, as_of
  from app.alpaca_positions;
drop view report.orders;
create view report.orders with (security_invoker = true, security_barrier = true) as
  select account_id, id as order_id, client_order_id, alpaca_order_id, symbol, side, type, time_in_force, order_class,
    qty, notional, limit_price, stop_price, extended_hours, status, status_message, filled_qty, filled_avg_price,
    orchestrator_agent_id, tag, created_at, submitted_at, filled_at, canceled_at, updated_at
  from app.alpaca_orders;
grant select on report.orders to paddock_report;
{{ template "func/old/apply_trade_update_1.sql" . }}
{{ template "func/old/record_positions_1.sql" . }}
{{ template "func/old/order_json_1.sql" . }}
drop function app.sent_as(uuid, text, text);
drop function app.record_order(uuid, jsonb, text, uuid, boolean);
drop function app.move_position(uuid, text, text, numeric, numeric, timestamptz);
drop function app.average_entry(numeric, numeric, numeric, numeric);
{{ template "func/old/record_order_1.sql" . }}
grant execute on function app.record_order(uuid, jsonb, text) to paddock_app, paddock_worker;
revoke insert (submitted_by, orchestrator_agent_id, tag) on app.alpaca_orders from paddock_worker;
revoke insert (intent_state, alpaca_order_id, status, filled_qty, filled_avg_price, broker_request_id, broker_updated_at,
  broker_order, created_at, submitted_at, filled_at, canceled_at, updated_at) on app.alpaca_orders from paddock_app;
alter table app.alpaca_positions drop column known_until;
alter table app.alpaca_orders
  drop column action, drop column idempotency_key, drop column request, drop column position_intent, drop column trail_price,
  drop column trail_percent, drop column hwm, drop column parent_alpaca_order_id, drop column replaces, drop column replaced_by,
  drop column expired_at, drop column failed_at, drop column replaced_at;
reset role;
