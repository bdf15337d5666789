-- Reports: views for plain SQL, and the function that ends sessions of reporting
-- logins which hold up everybody else. The views run as their reader
-- (security_invoker), so the tables' policies hold: a login sees the accounts that
-- were granted to it.

set local role paddock_owner;

create view report.accounts with (security_invoker = true, security_barrier = true) as
  select id as account_id, name, environment, alpaca_account_number, is_active, created_at
  from app.user_accounts;
comment on view report.accounts is 'The accounts that this login may report on.';

create view report.orders with (security_invoker = true, security_barrier = true) as
  select account_id, id as order_id, client_order_id, alpaca_order_id, symbol, side, type, time_in_force, order_class,
    qty, notional, limit_price, stop_price, extended_hours, status, status_message, filled_qty, filled_avg_price,
    orchestrator_agent_id, tag, created_at, submitted_at, filled_at, canceled_at, updated_at,
    position_intent, trail_price, trail_percent, parent_alpaca_order_id, replaces, replaced_by
  from app.alpaca_orders;
comment on view report.orders is 'Orders, with what the broker last said of them.';

create view report.positions with (security_invoker = true, security_barrier = true) as
  select account_id, symbol, asset_class, qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, as_of
  from app.alpaca_positions
  where qty <> 0;
comment on view report.positions is 'What is held now, as the broker says.';

create view report.events with (security_invoker = true, security_barrier = true) as
  select account_id, seq, kind, at, data
  from app.account_events;
comment on view report.events is 'The event log of each account, numbered without gaps.';

create view report.fills with (security_invoker = true, security_barrier = true) as
  select account_id, id as fill_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, state, source,
    orchestrator_agent_id, tag
  from app.fills;
comment on view report.fills is 'Executions of orders. Only those whose state is live count.';

create view report.adjustments with (security_invoker = true, security_barrier = true) as
  select account_id, activity_id, kind, symbol, at, qty, price, net_amount, description, canceled, old_parts, new_parts,
    orchestrator_agent_id, tag
  from app.journal_adjustments;
comment on view report.adjustments is 'Splits, fees, and what became of options.';

create view report.trading_positions with (security_invoker = true, security_barrier = true) as
  select t.account_id, t.id as trading_position_id, t.scope, nullif(t.scope_value, '') as scope_value, t.symbol, t.asset_class, t.multiplier,
    t.direction, t.opened_at, t.closed_at, t.entry_qty - t.exit_qty as qty, t.max_qty, t.entry_qty, t.entry_notional, t.exit_qty,
    t.exit_notional, t.held_cost, t.fills, t.entry_notional / t.entry_qty as avg_entry_price,
    t.exit_notional / nullif(t.exit_qty, 0) as avg_exit_price, t.held_cost / nullif(t.entry_qty - t.exit_qty, 0) as avg_held_price,
    case when g.symbol is null then t.realized_pl end as realized_pl, t.fees,
    case when g.symbol is null then t.realized_pl - t.fees end as net_pl, g.symbol is null as complete
  from app.trading_positions t
  left join app.journal_gaps g on g.account_id = t.account_id and g.symbol = t.symbol and coalesce(t.closed_at, 'infinity') >= g.trips_since;
comment on view report.trading_positions is 'Round trips by account, agent and tag; without a profit where the journal and the broker differ.';

create view report.journal_gaps with (security_invoker = true, security_barrier = true) as
  select account_id, symbol, journal_qty, broker_qty, trips_since, since
  from app.journal_gaps;
comment on view report.journal_gaps is 'Where the journal and the broker hold different quantities.';

grant select on report.accounts, report.orders, report.positions, report.events, report.fills, report.adjustments,
  report.trading_positions, report.journal_gaps to paddock_report;

reset role;

grant usage, create on schema private to paddock_watchdog;
set local role paddock_watchdog;
{{ template "func/012/end_report_sessions.sql" . }}
grant execute on function private.end_report_sessions to paddock_worker;
comment on function private.end_report_sessions is 'Ends sessions of reporting logins that hold up everybody else, and returns them.';
reset role;
revoke usage, create on schema private from paddock_watchdog;

---- create above / drop below ----

drop function private.end_report_sessions;
set local role paddock_owner;
drop view report.journal_gaps, report.trading_positions, report.adjustments, report.fills, report.events, report.positions,
  report.orders, report.accounts;
reset role;
