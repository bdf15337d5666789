-- Where the journal differs from the broker, and what becomes of open orders
-- when an account or its keys are forgotten.

set local role paddock_owner;

-- Where the journal and the broker hold different quantities: no profit is shown
-- of the round trips that were open then, or came later.
create table app.journal_gaps (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  symbol text not null,
  journal_qty numeric not null,
  broker_qty numeric not null check (broker_qty <> journal_qty),
  trips_since timestamptz not null,
  told_gap numeric, -- the difference that the account's log was told of
  since timestamptz not null default clock_timestamp(),
  primary key (account_id, symbol)
);
alter table app.journal_gaps
  alter column account_id set statistics 0, alter column symbol set statistics 0, alter column journal_qty set statistics 0,
  alter column broker_qty set statistics 0, alter column told_gap set statistics 0;
alter table app.journal_gaps enable row level security, force row level security;
create policy app_reads on app.journal_gaps for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_all on app.journal_gaps to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
create policy report_reads on app.journal_gaps for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select on app.journal_gaps to paddock_app;
grant select, insert, delete, update (journal_qty, broker_qty, trips_since, told_gap) on app.journal_gaps to paddock_worker;
grant select (account_id, symbol, journal_qty, broker_qty, trips_since, since) on app.journal_gaps to paddock_report;
alter table app.account_events drop constraint account_events_kind_check;
alter table app.account_events add constraint account_events_kind_check
  check (kind in ('order', 'position', 'agent_log', 'account', 'credentials', 'guard', 'journal'));
{{ template "func/journal_against_mirror.sql" . }}
{{ template "func/compare_journal.sql" . }}
grant execute on function app.journal_against_mirror(uuid), app.compare_journal(uuid) to paddock_worker;
create or replace view report.trading_positions with (security_invoker = true, security_barrier = true) as
  select t.account_id, t.id as trading_position_id, t.scope, nullif(t.scope_value, '') as scope_value, t.symbol, t.asset_class, t.multiplier,
    t.direction, t.opened_at, t.closed_at, t.entry_qty - t.exit_qty as qty, t.max_qty, t.entry_qty, t.entry_notional, t.exit_qty,
    t.exit_notional, t.held_cost, t.fills, t.entry_notional / t.entry_qty as avg_entry_price,
    t.exit_notional / nullif(t.exit_qty, 0) as avg_exit_price, t.held_cost / nullif(t.entry_qty - t.exit_qty, 0) as avg_held_price,
    case when g.symbol is null then t.realized_pl end as realized_pl, t.fees,
    case when g.symbol is null then t.realized_pl - t.fees end as net_pl, g.symbol is null as complete
  from app.trading_positions t
  left join app.journal_gaps g on g.account_id = t.account_id and g.symbol = t.symbol and coalesce(t.closed_at, 'infinity') >= g.trips_since;
create view report.journal_gaps with (security_invoker = true, security_barrier = true) as
  select account_id, symbol, journal_qty, broker_qty, trips_since, since from app.journal_gaps;
grant select on report.journal_gaps to paddock_report;
reset role;

-- Forgetting an account or its keys asks what becomes of its open orders.
set local role paddock_owner;
grant select (client_order_id, symbol, side, type, qty, notional, status) on app.alpaca_orders to paddock_gate;
revoke delete on app.user_accounts from paddock_app;
drop policy app_deletes on app.user_accounts;
grant delete on app.user_accounts to paddock_gate;
reset role;
grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.delete_credentials();
{{ template "func/orders_in_the_way.sql" . }}
{{ template "func/delete_account.sql" . }}
{{ template "func/delete_credentials.sql" . }}
grant execute on function private.delete_account(text), private.delete_credentials(text) to paddock_app;
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.delete_credentials(text);
drop function private.delete_account(text);
drop function private.orders_in_the_way(uuid, text);
{{ template "func/old/delete_credentials_1.sql" . }}
grant execute on function private.delete_credentials() to paddock_app;
reset role;
revoke create on schema private from paddock_gate;
set local role paddock_owner;
revoke delete on app.user_accounts from paddock_gate;
create policy app_deletes on app.user_accounts for delete to paddock_app
  using (id = (select private.account_id('manage')));
grant delete on app.user_accounts to paddock_app;
revoke select (client_order_id, symbol, side, type, qty, notional, status) on app.alpaca_orders from paddock_gate;
reset role;

set local role paddock_owner;
drop view report.journal_gaps, report.trading_positions;
create view report.trading_positions with (security_invoker = true, security_barrier = true) as
  select account_id, id as trading_position_id, scope, nullif(scope_value, '') as scope_value, symbol, asset_class, multiplier, direction,
    opened_at, closed_at, entry_qty - exit_qty as qty, max_qty, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, fills,
    entry_notional / entry_qty as avg_entry_price, exit_notional / nullif(exit_qty, 0) as avg_exit_price,
    held_cost / nullif(entry_qty - exit_qty, 0) as avg_held_price, realized_pl, fees, realized_pl - fees as net_pl
  from app.trading_positions;
grant select on report.trading_positions to paddock_report;
drop function app.compare_journal(uuid);
drop function app.journal_against_mirror(uuid);
drop table app.journal_gaps;
-- The log keeps its numbers, without gaps.
alter table app.account_events no force row level security;
update app.account_events set kind = 'account' where kind = 'journal';
alter table app.account_events force row level security;
alter table app.account_events drop constraint account_events_kind_check;
alter table app.account_events add constraint account_events_kind_check
  check (kind in ('order', 'position', 'agent_log', 'account', 'credentials', 'guard'));
reset role;
