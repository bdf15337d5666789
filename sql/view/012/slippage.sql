-- What each order cost beyond the middle of the quote that it met, the newest of which an
-- index finds by account_id and created_at.
create view report.slippage with (security_invoker = true, security_barrier = true) as
  select o.account_id, o.id as order_id, o.created_at as at, (o.created_at at time zone 'America/New_York')::date as trading_day,
    extract(hour from o.created_at at time zone 'America/New_York')::integer as trading_hour, o.symbol, o.side, o.type,
    o.submitted_by, o.token_id, o.orchestrator_agent_id, o.tag, o.sleeve_id, o.filled_qty, o.filled_avg_price, q.bid, q.ask,
    m.mid, m.sign * (o.filled_avg_price - m.mid) as slippage_per_unit,
    m.sign * (o.filled_avg_price - m.mid) * o.filled_qty * m.multiplier as slippage,
    m.sign * (o.filled_avg_price - m.mid) / nullif(m.mid, 0) * 10000 as slippage_bps
  from app.alpaca_orders o
  join app.arrival_quotes q on q.account_id = o.account_id and q.order_id = o.id
  cross join lateral (select (q.bid + q.ask) / 2 as mid, case o.side when 'sell' then -1 else 1 end as sign,
    case when o.symbol ~ '^[A-Z0-9]{1,6}[0-9]{6}[CP][0-9]{8}$' then 100 else 1 end as multiplier) m
  where o.filled_qty > 0 and o.filled_avg_price is not null and q.bid > 0 and q.ask >= q.bid;
comment on view report.slippage is 'What each filled order cost beyond the middle of the quote that it met when it was sent.';
comment on column report.slippage.account_id is 'The account''s id, as in report.accounts.';
comment on column report.slippage.order_id is 'The order, as in report.orders.';
comment on column report.slippage.at is 'When it was sent. [time]';
comment on column report.slippage.trading_day is 'The day of New York''s calendar. [day]';
comment on column report.slippage.trading_hour is 'The hour in New York, 0 to 23. [number]';
comment on column report.slippage.symbol is 'The symbol, as in report.orders.';
comment on column report.slippage.side is 'buy or sell.';
comment on column report.slippage.type is 'market, limit, stop, stop_limit or trailing_stop.';
comment on column report.slippage.submitted_by is 'The id of the user who sent it, or whose API token did.';
comment on column report.slippage.token_id is 'The API token that sent it; NULL: a session did.';
comment on column report.slippage.orchestrator_agent_id is 'The agent that sent it, as it named itself; NULL: none.';
comment on column report.slippage.tag is 'The tag that it was sent with; NULL: none.';
comment on column report.slippage.sleeve_id is 'The sleeve to which it belongs, as in report.sleeves; NULL: none.';
comment on column report.slippage.filled_qty is 'How much was filled. [units]';
comment on column report.slippage.filled_avg_price is 'At which average price. [USD per unit]';
comment on column report.slippage.bid is 'What was bid when it was sent. [USD per unit]';
comment on column report.slippage.ask is 'What was asked when it was sent. [USD per unit]';
comment on column report.slippage.mid is 'The middle of the two. [USD per unit]';
comment on column report.slippage.slippage_per_unit is 'How much worse than the middle a unit was traded; negative: better. [USD per unit]';
comment on column report.slippage.slippage is 'The same for all that was filled. [USD]';
comment on column report.slippage.slippage_bps is 'The same in hundredths of a percent of the middle. [number]';
grant select on report.slippage to paddock_report;
