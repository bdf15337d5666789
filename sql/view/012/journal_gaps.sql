-- Where the journal and the broker differ.
create view report.journal_gaps with (security_invoker = true, security_barrier = true) as
  select account_id, symbol, journal_qty, broker_qty, trips_since, since
  from app.journal_gaps;
comment on view report.journal_gaps is 'Where the journal and the broker hold different quantities.';
comment on column report.journal_gaps.account_id is 'The account''s id, as in report.accounts.';
comment on column report.journal_gaps.symbol is 'The symbol. A pair of coins has a slash, as in orders: BTC/USD.';
comment on column report.journal_gaps.journal_qty is 'What the fills and adjustments add up to; negative when short. [units]';
comment on column report.journal_gaps.broker_qty is 'What the broker says; negative when short. [units]';
comment on column report.journal_gaps.trips_since is 'Round trips that were open then, or came later, are not complete. [time]';
comment on column report.journal_gaps.since is 'When the gap was found. [time]';
grant select on report.journal_gaps to paddock_report;
