-- Plain SQL for others: a login in the group paddock_report sees the accounts
-- that were granted to it, through the views of schema report and nothing
-- else. Settings play no part here: a login could set them.

set local role paddock_owner;

-- By the role's number and its name: a role that is made again under an old
-- name has another number, and inherits nothing.
create table private.report_grants (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  role_oid oid not null,
  role_name name not null,
  created_at timestamptz not null default now(),
  primary key (account_id, role_oid)
);
create index report_grants_role_idx on private.report_grants (role_oid, role_name);
alter table private.report_grants enable row level security, force row level security;
create policy gate_all on private.report_grants to paddock_gate using (true) with check (true);
grant select, insert, delete on private.report_grants to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/report_accounts.sql" . }}
{{ template "func/grant_report.sql" . }}
{{ template "func/revoke_report.sql" . }}
grant execute on function private.report_accounts() to paddock_report, paddock_owner;
grant execute on function private.grant_report(name, uuid) to paddock_owner;
grant execute on function private.revoke_report(name) to paddock_owner;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;

create policy report_reads on app.user_accounts for select to paddock_report
  using (id = any ((select private.report_accounts())::uuid[]));
create policy report_reads on app.alpaca_orders for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
create policy report_reads on app.alpaca_positions for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
create policy report_reads on app.account_events for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));

-- The group has the columns but no USAGE on schema app: only the views name
-- these tables.
grant select (id, name, environment, alpaca_account_number, is_active, created_at) on app.user_accounts to paddock_report;
grant select (account_id, id, client_order_id, alpaca_order_id, symbol, side, type, time_in_force, order_class, qty,
  notional, limit_price, stop_price, extended_hours, status, status_message, filled_qty, filled_avg_price,
  orchestrator_agent_id, tag, created_at, submitted_at, filled_at, canceled_at, updated_at) on app.alpaca_orders to paddock_report;
grant select (account_id, symbol, asset_class, qty, avg_entry_price, cost_basis, market_value, current_price,
  unrealized_pl, as_of) on app.alpaca_positions to paddock_report;
grant select (account_id, seq, kind, at, data) on app.account_events to paddock_report;

create view report.accounts with (security_invoker = true, security_barrier = true) as
  select id as account_id, name, environment, alpaca_account_number, is_active, created_at
  from app.user_accounts;
create view report.orders with (security_invoker = true, security_barrier = true) as
  select account_id, id as order_id, client_order_id, alpaca_order_id, symbol, side, type, time_in_force, order_class,
    qty, notional, limit_price, stop_price, extended_hours, status, status_message, filled_qty, filled_avg_price,
    orchestrator_agent_id, tag, created_at, submitted_at, filled_at, canceled_at, updated_at
  from app.alpaca_orders;
create view report.positions with (security_invoker = true, security_barrier = true) as
  select account_id, symbol, asset_class, qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, as_of
  from app.alpaca_positions;
create view report.events with (security_invoker = true, security_barrier = true) as
  select account_id, seq, kind, at, data
  from app.account_events;
grant select on report.accounts, report.orders, report.positions, report.events to paddock_report;

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop view report.events, report.positions, report.orders, report.accounts;
drop policy report_reads on app.account_events;
drop policy report_reads on app.alpaca_positions;
drop policy report_reads on app.alpaca_orders;
drop policy report_reads on app.user_accounts;
revoke all on app.user_accounts, app.alpaca_orders, app.alpaca_positions, app.account_events from paddock_report;
reset role;
set local role paddock_gate;
drop function private.revoke_report(name);
drop function private.grant_report(name, uuid);
drop function private.report_accounts();
reset role;
set local role paddock_owner;
drop table private.report_grants;
reset role;
