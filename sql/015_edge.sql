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
