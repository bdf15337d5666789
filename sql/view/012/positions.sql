-- What is held now.
create view report.positions with (security_invoker = true, security_barrier = true) as
  select account_id, symbol, asset_class, qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, as_of
  from app.alpaca_positions
  where qty <> 0;
comment on view report.positions is 'What is held now, as the broker says.';
comment on column report.positions.account_id is 'The account''s id, as in report.accounts.';
comment on column report.positions.symbol is 'The symbol. A pair of coins has no slash, as in positions: BTCUSD.';
comment on column report.positions.asset_class is 'us_equity, us_option or crypto; NULL: the broker has not said it yet.';
comment on column report.positions.qty is 'How much is held; negative when short. [units]';
comment on column report.positions.avg_entry_price is 'At which average price, by the broker; NULL: not known yet. [USD per unit]';
comment on column report.positions.cost_basis is 'What was paid for it, by the broker; NULL: not known yet. [USD]';
comment on column report.positions.market_value is 'What it was worth at as_of; negative when short; NULL: not known yet. [USD]';
comment on column report.positions.current_price is 'The price at as_of; NULL: not known yet. [USD per unit]';
comment on column report.positions.unrealized_pl is 'What it would have earned if it had been closed at as_of; NULL: not known yet. [USD]';
comment on column report.positions.as_of is 'When the broker was last asked, or a fill last moved it. Prices are as old as that. [time]';
grant select on report.positions to paddock_report;
