-- Reports: views for plain SQL, and the function that ends sessions of reporting
-- logins which hold up everybody else. The views run as their reader
-- (security_invoker), so the tables' policies hold: a login sees the accounts that
-- were granted to it.

set local role paddock_owner;

create table private.report_sessions (
  login oid not null,
  address text not null,
  noted_at timestamptz not null default clock_timestamp(),
  primary key (login, address)
);
comment on table private.report_sessions is 'When the audit last had that a reporting login is connected from an address.';
alter table private.report_sessions enable row level security, force row level security;
create policy gate_all on private.report_sessions to paddock_gate using (true) with check (true);
grant select, insert, update (noted_at), delete on private.report_sessions to paddock_gate;

-- The tables that reports read have a policy report_reads and column grants of
-- their own; agents' logs have them here.
create policy report_reads on app.agent_logs for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, id, token_id, orchestrator_agent_id, order_id, level, message, data, at, created_at) on app.agent_logs to paddock_report;

-- Each view's file has its columns' comments, which name the unit in brackets:
--
--   [USD]           US dollars. Of a pair of coins that is not in dollars (ETH/BTC)
--                   it is the second coin
--   [USD per unit]  the same for one share, contract or coin; an option's price is
--                   for one of its 100 shares
--   [units]         shares, contracts or coins
--   [count], [number], [factor], [fraction], [percent]
--   [time]          a timestamptz
--   [day]           a date of New York's calendar
{{ template "view/012/accounts.sql" . }}
{{ template "view/012/orders.sql" . }}
{{ template "view/012/positions.sql" . }}
{{ template "view/012/position_history.sql" . }}
{{ template "view/012/exposure_by_symbol.sql" . }}
{{ template "view/012/fills.sql" . }}
{{ template "view/012/adjustments.sql" . }}
{{ template "view/012/cash_flows.sql" . }}
{{ template "view/012/trading_positions.sql" . }}
{{ template "view/012/journal_gaps.sql" . }}
{{ template "view/012/daily_profit_and_loss.sql" . }}
{{ template "view/012/equity_curve.sql" . }}
{{ template "view/012/agent_logs.sql" . }}
{{ template "view/012/agent_activity.sql" . }}
{{ template "view/012/exposure_by_scope.sql" . }}
{{ template "view/012/slippage.sql" . }}
{{ template "view/012/events.sql" . }}
{{ template "view/012/audit.sql" . }}
{{ template "view/012/credential_access.sql" . }}

reset role;

grant usage, create on schema private to paddock_watchdog;
set local role paddock_watchdog;
{{ template "func/012/end_report_sessions.sql" . }}
{{ template "func/012/seen_report_sessions.sql" . }}
grant execute on function private.end_report_sessions, private.seen_report_sessions to paddock_worker;
comment on function private.seen_report_sessions is 'The sessions of reporting logins that there are now.';
comment on function private.end_report_sessions is 'Ends sessions of reporting logins that hold up everybody else, and returns them.';
reset role;
revoke usage, create on schema private from paddock_watchdog;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/012/record_report_session.sql" . }}
{{ template "func/012/portfolio.sql" . }}
grant execute on function private.portfolio to paddock_app;
comment on function private.portfolio is 'All accounts that the admitted user may read, with what each is worth and holds.';
grant execute on function private.record_report_session to paddock_worker;
comment on function private.record_report_session is 'Writes into the audit that a reporting login is connected.';
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

drop function private.seen_report_sessions, private.end_report_sessions;
set local role paddock_gate;
drop function private.portfolio, private.record_report_session;
reset role;
set local role paddock_owner;
drop view report.daily_profit_and_loss; -- it reads a view
drop view report.credential_access, report.audit, report.events, report.slippage, report.exposure_by_scope, report.agent_activity, report.agent_logs, report.equity_curve, report.journal_gaps, report.trading_positions,
  report.cash_flows, report.adjustments, report.fills, report.exposure_by_symbol, report.position_history, report.positions,
  report.orders, report.accounts;
drop policy report_reads on app.agent_logs;
revoke select (account_id, id, token_id, orchestrator_agent_id, order_id, level, message, data, at, created_at) on app.agent_logs from paddock_report;
drop table private.report_sessions;
reset role;
