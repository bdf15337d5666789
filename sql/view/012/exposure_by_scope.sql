-- What each agent, tag, sleeve, user and API token holds: its open round trips at the
-- broker's last price.
create view report.exposure_by_scope with (security_invoker = true, security_barrier = true) as
  select t.account_id, t.scope, nullif(t.scope_value, '') as scope_value, t.symbol, t.asset_class, t.direction, h.qty, h.sign * t.held_cost * t.multiplier as cost,
    h.qty * p.current_price * t.multiplier as market_value,
    h.qty * p.current_price * t.multiplier - h.sign * t.held_cost * t.multiplier as unrealized_pl, p.as_of
  from app.trading_positions t
  cross join lateral (select case t.direction when 'long' then 1 else -1 end as sign,
    (t.entry_qty - t.exit_qty) * case t.direction when 'long' then 1 else -1 end as qty) h
  left join app.alpaca_positions p on p.account_id = t.account_id and p.symbol = replace(t.symbol, '/', '')
  where t.closed_at is null;
comment on view report.exposure_by_scope is 'What the account, and each agent, tag, sleeve, user and API token, holds now.';
comment on column report.exposure_by_scope.account_id is 'The account''s id, as in report.accounts.';
comment on column report.exposure_by_scope.scope is 'account, agent, tag, sleeve, user or token: each tells the same holdings again, so choose one.';
comment on column report.exposure_by_scope.scope_value is 'Which agent or tag, or the id of which sleeve, user or API token; NULL in the scope account.';
comment on column report.exposure_by_scope.symbol is 'The symbol. A pair of coins has a slash, as in orders: BTC/USD.';
comment on column report.exposure_by_scope.asset_class is 'us_equity, us_option or crypto.';
comment on column report.exposure_by_scope.direction is 'long or short.';
comment on column report.exposure_by_scope.qty is 'How much it holds; negative when short. [units]';
comment on column report.exposure_by_scope.cost is 'What was paid for what it holds; negative when short. [USD]';
comment on column report.exposure_by_scope.market_value is 'What it was worth at as_of; negative when short; NULL: not known yet. [USD]';
comment on column report.exposure_by_scope.unrealized_pl is 'market_value less cost; NULL: not known yet. [USD]';
comment on column report.exposure_by_scope.as_of is 'When the broker was last asked, or a fill last moved it. Prices are as old as that. [time]';
grant select on report.exposure_by_scope to paddock_report;
