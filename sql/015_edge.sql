-- What comes in is taken in one form, and an order is over in one sense.

set local role paddock_owner;

{{ template "func/order_symbol.sql" . }}
grant execute on function app.order_symbol(text) to paddock_app, paddock_worker, paddock_gate;

-- The owner is held by RLS too, but for this.
alter table app.account_guards no force row level security;
update app.account_guards g
  set allowed_symbols = (select array_agg(app.order_symbol(s) order by n) from unnest(g.allowed_symbols) with ordinality a (s, n))
  where array_length(g.allowed_symbols, 1) > 0;
alter table app.account_guards force row level security;

{{ template "func/is_ended.sql" . }}
grant execute on function app.is_ended(text) to paddock_app, paddock_worker, paddock_gate;
drop index app.alpaca_orders_open_idx, app.alpaca_orders_unended_idx;
revoke select (is_open) on app.alpaca_orders from paddock_gate;
alter table app.alpaca_orders drop column is_open;
alter table app.alpaca_orders add column is_open boolean not null generated always as (not app.is_ended(status)) stored;
create index alpaca_orders_open_idx on app.alpaca_orders (account_id, created_at desc, id desc) where is_open;
create index alpaca_orders_unended_idx on app.alpaca_orders (account_id, symbol) where not app.is_ended(status);
grant select (is_open) on app.alpaca_orders to paddock_gate;
-- What the broker says beyond our columns, kept beside its whole answer so that
-- a list need not read that.
{{ template "func/order_others.sql" . }}
grant execute on function app.order_others(jsonb) to paddock_app, paddock_worker, paddock_gate;
alter table app.alpaca_orders add column others jsonb not null generated always as (app.order_others(broker_order)) stored;
-- What else a refusal of the broker's says, for its retry.
alter table app.alpaca_orders add column broker_refusal jsonb check (jsonb_typeof(broker_refusal) = 'object');
alter table app.alpaca_orders alter column others set statistics 0, alter column broker_refusal set statistics 0;
grant update (broker_refusal) on app.alpaca_orders to paddock_app;
{{ template "func/order_json.sql" . }}
{{ template "func/orders_as_told.sql" . }}
{{ template "func/guards_json.sql" . }}
{{ template "func/opposing_orders.sql" . }}

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/set_guards.sql" . }}
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/old/set_guards_1.sql" . }}
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
{{ template "func/old/opposing_orders_1.sql" . }}
{{ template "func/old/orders_as_told_1.sql" . }}
{{ template "func/old/order_json_2.sql" . }}
revoke update (broker_refusal) on app.alpaca_orders from paddock_app;
alter table app.alpaca_orders drop column others, drop column broker_refusal;
drop function app.order_others(jsonb);
{{ template "func/old/guards_json_1.sql" . }}
drop index app.alpaca_orders_open_idx, app.alpaca_orders_unended_idx;
revoke select (is_open) on app.alpaca_orders from paddock_gate;
alter table app.alpaca_orders drop column is_open;
alter table app.alpaca_orders add column is_open boolean not null generated always as (
  status not in ('filled', 'canceled', 'expired', 'rejected', 'replaced', 'done_for_day', 'unknown')) stored;
create index alpaca_orders_open_idx on app.alpaca_orders (account_id, created_at desc, id desc) where is_open;
create index alpaca_orders_unended_idx on app.alpaca_orders (account_id, symbol)
  where status not in ('filled', 'canceled', 'expired', 'rejected', 'replaced');
grant select (is_open) on app.alpaca_orders to paddock_gate;
drop function app.is_ended(text);
drop function app.order_symbol(text);
reset role;
