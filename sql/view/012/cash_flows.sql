-- Money that came in or went out without a trade, as far as the journal keeps it:
-- fees, and what became of options. Deposits, withdrawals, dividends and interest
-- are not read from Alpaca.
create view report.cash_flows with (security_invoker = true, security_barrier = true) as
  select account_id, activity_id, kind,
    case when kind in ('FEE', 'CFEE') then 'fee' else 'option' end as category,
    symbol, at, day as trading_day, net_amount as amount, description
  from app.journal_adjustments
  where not canceled and net_amount <> 0;
comment on view report.cash_flows is 'Money that came in or went out without a trade: fees, and what became of options.';
comment on column report.cash_flows.account_id is 'The account''s id, as in report.accounts.';
comment on column report.cash_flows.activity_id is 'Alpaca''s id of the activity.';
comment on column report.cash_flows.kind is 'Alpaca''s type: FEE, CFEE, OPEXP, OPEXC, OPASN or OPTRD.';
comment on column report.cash_flows.category is 'fee, or option: what an exercise or an assignment was paid with.';
comment on column report.cash_flows.symbol is 'The symbol, of coins without a slash; NULL: of the whole account.';
comment on column report.cash_flows.at is 'When it counts. One that has only a day counts at the end of it in New York. [time]';
comment on column report.cash_flows.trading_day is 'Alpaca''s day of it, which is New York''s. [day]';
comment on column report.cash_flows.amount is 'The money that came in; negative: that went out. [USD]';
comment on column report.cash_flows.description is 'Alpaca''s words.';
grant select on report.cash_flows to paddock_report;
