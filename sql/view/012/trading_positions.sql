-- Round trips. No profit is shown of those of a symbol of which the journal and
-- the broker hold different quantities, from the gap on.
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
comment on column report.trading_positions.account_id is 'The account''s id, as in report.accounts.';
comment on column report.trading_positions.trading_position_id is 'The round trip''s id.';
comment on column report.trading_positions.scope is 'account, agent, tag, sleeve, user or token: each tells the same executions again, so choose one.';
comment on column report.trading_positions.scope_value is 'Which agent or tag, or the id of which sleeve, user or API token; NULL in the scope account.';
comment on column report.trading_positions.symbol is 'The symbol. A pair of coins has a slash, as in orders: BTC/USD.';
comment on column report.trading_positions.asset_class is 'us_equity, us_option or crypto.';
comment on column report.trading_positions.multiplier is 'What a unit''s price is multiplied by: 100 for a contract, else 1. [factor]';
comment on column report.trading_positions.direction is 'long or short.';
comment on column report.trading_positions.opened_at is 'When it was opened. [time]';
comment on column report.trading_positions.closed_at is 'When it was closed; NULL: it is open. [time]';
comment on column report.trading_positions.qty is 'How much is still held, never negative. [units]';
comment on column report.trading_positions.max_qty is 'The most that was held. [units]';
comment on column report.trading_positions.entry_qty is 'How much opened it, in all. [units]';
comment on column report.trading_positions.entry_notional is 'Quantity times price of that, without the multiplier. [USD]';
comment on column report.trading_positions.exit_qty is 'How much closed it so far. [units]';
comment on column report.trading_positions.exit_notional is 'Quantity times price of that, without the multiplier. [USD]';
comment on column report.trading_positions.held_cost is 'The part of entry_notional that is still held. [USD]';
comment on column report.trading_positions.fills is 'How many executions it has. [count]';
comment on column report.trading_positions.avg_entry_price is 'The average price of its entries. [USD per unit]';
comment on column report.trading_positions.avg_exit_price is 'The average price of its exits; NULL: there is none yet. [USD per unit]';
comment on column report.trading_positions.avg_held_price is 'The average price of what is still held; NULL: nothing is. [USD per unit]';
comment on column report.trading_positions.realized_pl is 'What its exits earned, before fees, of an open one too; NULL: it is not complete. [USD]';
comment on column report.trading_positions.fees is 'Fees of this symbol in its time, as a cost. [USD]';
comment on column report.trading_positions.net_pl is 'realized_pl less fees; NULL: it is not complete. [USD]';
comment on column report.trading_positions.complete is 'False: the journal holds another quantity of the symbol than the broker, see journal_gaps.';
grant select on report.trading_positions to paddock_report;
