-- What the account was worth, in each hour in which Paddock had Alpaca's figures
-- anyway (app.balance_history): it asks Alpaca for nothing on a report's behalf.
create view report.equity_curve with (security_invoker = true, security_barrier = true) as
  select account_id, hour, (as_of at time zone 'America/New_York')::date as trading_day, equity, cash, last_equity, equity - last_equity as day_change, as_of
  from app.balance_history;
comment on view report.equity_curve is 'What each account was worth, by the broker, in each hour in which it was looked at.';
comment on column report.equity_curve.account_id is 'The account''s id, as in report.accounts.';
comment on column report.equity_curve.hour is 'The begin of the hour. An hour in which nobody looked has no row. [time]';
comment on column report.equity_curve.trading_day is 'The day of as_of in New York''s calendar. [day]';
comment on column report.equity_curve.equity is 'Cash and positions together, at as_of, by Alpaca. [USD]';
comment on column report.equity_curve.cash is 'Cash at as_of, by Alpaca; NULL: it did not say it. [USD]';
comment on column report.equity_curve.last_equity is 'The equity at the close of the last trading day before, by Alpaca. [USD]';
comment on column report.equity_curve.day_change is 'equity less last_equity. Deposits and withdrawals are in it. [USD]';
comment on column report.equity_curve.as_of is 'When Alpaca was asked, the last time in that hour. [time]';
grant select on report.equity_curve to paddock_report;
