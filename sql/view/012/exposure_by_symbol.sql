-- What each position is of all that the account holds, long and short added up.
create view report.exposure_by_symbol with (security_invoker = true, security_barrier = true) as
  select account_id, symbol, asset_class, case when qty < 0 then 'short' else 'long' end as direction, qty, market_value,
    abs(market_value) as gross_exposure,
    abs(market_value) / nullif(sum(abs(market_value)) over (partition by account_id), 0) as share_of_gross, as_of
  from app.alpaca_positions
  where qty <> 0;
comment on view report.exposure_by_symbol is 'What each position is of all that the account holds now.';
comment on column report.exposure_by_symbol.account_id is 'The account''s id, as in report.accounts.';
comment on column report.exposure_by_symbol.symbol is 'The symbol. A pair of coins has no slash, as in positions: BTCUSD.';
comment on column report.exposure_by_symbol.asset_class is 'us_equity, us_option or crypto; NULL: the broker has not said it yet.';
comment on column report.exposure_by_symbol.direction is 'long or short.';
comment on column report.exposure_by_symbol.qty is 'How much is held; negative when short. [units]';
comment on column report.exposure_by_symbol.market_value is 'What it was worth at as_of; negative when short; NULL: not known yet. [USD]';
comment on column report.exposure_by_symbol.gross_exposure is 'market_value without its sign; NULL: not known yet. [USD]';
comment on column report.exposure_by_symbol.share_of_gross is 'gross_exposure by the sum of it over the account''s positions whose value is known; 0.25 is a quarter. [fraction]';
comment on column report.exposure_by_symbol.as_of is 'When the broker was last asked, or a fill last moved it. Prices are as old as that. [time]';
grant select on report.exposure_by_symbol to paddock_report;
