-- Guards: what may be ordered on an account, kept and enforced here, for
-- people and programs alike.

set local role paddock_owner;

-- One row an account; without one there is no limit. NULL is no limit.
create table app.account_guards (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  -- reduce_only: an order may make positions smaller and nothing else.
  switch text not null default 'open' check (switch in ('open', 'reduce_only', 'halted')),
  switch_reason text check (char_length(switch_reason) between 1 and 500),
  max_order_notional numeric check (max_order_notional >= 0),
  max_position_notional numeric check (max_position_notional >= 0),
  max_position_qty numeric check (max_position_qty >= 0),
  max_open_orders integer check (max_open_orders >= 0),
  orders_per_minute integer check (orders_per_minute >= 0),
  orders_per_day integer check (orders_per_day >= 0),
  -- Of last_equity, the equity at the last close.
  daily_loss_limit numeric check (daily_loss_limit >= 0),
  allowed_symbols text[] check (array_length(allowed_symbols, 1) <= 500),
  allowed_sides text[] check (allowed_sides <@ array['buy', 'sell']),
  updated_by text,
  updated_at timestamptz not null default now()
);

-- The broker's word on what the account is worth, for the daily loss limit.
create table app.account_balances (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  equity numeric not null,
  last_equity numeric not null,
  as_of timestamptz not null
);

-- What the market gave for a unit when the order was sent, by symbol; only
-- where a guard had to know.
alter table app.alpaca_orders add column reference_prices jsonb check (jsonb_typeof(reference_prices) = 'object');
-- dismissed: a person has looked at the broker, and it was never placed.
alter table app.alpaca_orders drop constraint alpaca_orders_intent_state_check;
alter table app.alpaca_orders add constraint alpaca_orders_intent_state_check
  check (intent_state in ('submitting', 'accepted', 'rejected', 'unsent', 'unknown', 'dismissed'));
-- All that may still trade. An order that is done for its day may go on the next.
create index alpaca_orders_unended_idx on app.alpaca_orders (account_id, symbol)
  where status not in ('filled', 'canceled', 'expired', 'rejected', 'replaced');
alter table app.account_events drop constraint account_events_kind_check;
alter table app.account_events add constraint account_events_kind_check
  check (kind in ('order', 'position', 'agent_log', 'account', 'credentials', 'guard'));

alter table app.account_guards
  alter column account_id set statistics 0, alter column switch_reason set statistics 0, alter column max_order_notional set statistics 0,
  alter column max_position_notional set statistics 0, alter column max_position_qty set statistics 0,
  alter column max_open_orders set statistics 0, alter column orders_per_minute set statistics 0, alter column orders_per_day set statistics 0,
  alter column daily_loss_limit set statistics 0, alter column allowed_symbols set statistics 0, alter column allowed_sides set statistics 0,
  alter column updated_by set statistics 0;
alter table app.account_balances
  alter column account_id set statistics 0, alter column equity set statistics 0, alter column last_equity set statistics 0;
alter table app.alpaca_orders alter column reference_prices set statistics 0;

alter table app.account_guards   enable row level security, force row level security;
alter table app.account_balances enable row level security, force row level security;

-- Whoever is admitted must see the guards, whatever else they may do: an order
-- passes where there is no row. Only their doors write them.
create policy app_reads on app.account_guards for select to paddock_app
  using (account_id = (select private.account_id()));
grant select on app.account_guards to paddock_app;
create policy gate_all on app.account_guards to paddock_gate using (true) with check (true);
grant select, insert (account_id, switch, switch_reason, max_order_notional, max_position_notional, max_position_qty,
    max_open_orders, orders_per_minute, orders_per_day, daily_loss_limit, allowed_symbols, allowed_sides, updated_by),
  update (switch, switch_reason, max_order_notional, max_position_notional, max_position_qty, max_open_orders, orders_per_minute,
    orders_per_day, daily_loss_limit, allowed_symbols, allowed_sides, updated_by, updated_at) on app.account_guards to paddock_gate;

-- Like positions: brought up to date by whoever asks the broker.
create policy app_all on app.account_balances to paddock_app
  using (account_id = (select private.account_id('read')))
  with check (account_id = (select private.account_id('read')));
grant select, insert, update (equity, last_equity, as_of) on app.account_balances to paddock_app;

grant insert (reference_prices), update (reference_prices) on app.alpaca_orders to paddock_app;

{{ template "func/position_symbol.sql" . }}
{{ template "func/old/record_positions_3.sql" . }}
{{ template "func/move_position.sql" . }}
{{ template "func/order_event.sql" . }}
{{ template "func/underlying.sql" . }}
{{ template "func/old/order_lines_1.sql" . }}
{{ template "func/old/open_quantities_1.sql" . }}
{{ template "func/violation.sql" . }}
{{ template "func/old/orders_made_by_1.sql" . }}
{{ template "func/orders_sent_since.sql" . }}
{{ template "func/new_york_midnight.sql" . }}
{{ template "func/old/guards_json_1.sql" . }}
{{ template "func/old/opposing_orders_1.sql" . }}
{{ template "func/held_quantity.sql" . }}
{{ template "func/old/order_verdict_1.sql" . }}
{{ template "func/old/guard_order_1.sql" . }}
{{ template "func/take_after.sql" . }}
grant execute on function app.position_symbol(text) to paddock_app, paddock_worker;
grant execute on function app.order_event(text, app.alpaca_orders) to paddock_app, paddock_worker;
grant execute on function app.underlying(text), app.order_lines(app.alpaca_orders), app.open_quantities(uuid, text, uuid),
  app.violation(text, text, text, text), app.orders_made_by(app.alpaca_orders), app.orders_sent_since(uuid, timestamptz),
  app.new_york_midnight(), app.guards_json(uuid), app.opposing_orders(uuid, text, text),
  app.held_quantity(uuid, text), app.order_verdict(app.alpaca_orders) to paddock_app;

create trigger take_after before update on app.alpaca_orders
  for each row when (old.parent_alpaca_order_id is null and new.parent_alpaca_order_id is not null or old.replaces is null and new.replaces is not null)
  execute function app.take_after();
create trigger guard_new before insert on app.alpaca_orders
  for each row when (new.intent_state = 'submitting') execute function app.guard_order();
create trigger guard_again before update on app.alpaca_orders
  for each row when (new.intent_state = 'submitting' and old.intent_state <> 'submitting') execute function app.guard_order();

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/old/append_event_2.sql" . }}
{{ template "func/old/set_switch_1.sql" . }}
{{ template "func/old/set_guards_1.sql" . }}
grant execute on function private.set_switch(text, text), private.set_guards(jsonb) to paddock_app;
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.set_guards(jsonb);
drop function private.set_switch(text, text);
{{ template "func/old/append_event_1.sql" . }}
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
drop trigger guard_again on app.alpaca_orders;
drop trigger guard_new on app.alpaca_orders;
drop trigger take_after on app.alpaca_orders;
drop function app.take_after();
drop function app.guard_order();
drop function app.order_verdict(app.alpaca_orders);
drop function app.held_quantity(uuid, text);
drop function app.opposing_orders(uuid, text, text);
drop function app.guards_json(uuid);
drop function app.new_york_midnight();
drop function app.orders_sent_since(uuid, timestamptz);
drop function app.orders_made_by(app.alpaca_orders);
drop function app.violation(text, text, text, text);
drop function app.open_quantities(uuid, text, uuid);
drop function app.order_lines(app.alpaca_orders);
drop function app.underlying(text);
drop function app.order_event(text, app.alpaca_orders);
{{ template "func/old/move_position_1.sql" . }}
{{ template "func/old/record_positions_2.sql" . }}
drop function app.position_symbol(text);
drop table app.account_balances, app.account_guards;
drop index app.alpaca_orders_unended_idx;
-- The owner is held by RLS too, but for this.
alter table app.alpaca_orders no force row level security;
update app.alpaca_orders set intent_state = 'rejected' where intent_state = 'dismissed';
alter table app.alpaca_orders force row level security;
alter table app.alpaca_orders drop constraint alpaca_orders_intent_state_check;
alter table app.alpaca_orders add constraint alpaca_orders_intent_state_check
  check (intent_state in ('submitting', 'accepted', 'rejected', 'unsent', 'unknown'));
alter table app.alpaca_orders drop column reference_prices;
-- The log keeps its numbers, without gaps.
alter table app.account_events no force row level security;
update app.account_events set kind = 'account' where kind = 'guard';
alter table app.account_events force row level security;
alter table app.account_events drop constraint account_events_kind_check;
alter table app.account_events add constraint account_events_kind_check
  check (kind in ('order', 'position', 'agent_log', 'account', 'credentials'));
reset role;
