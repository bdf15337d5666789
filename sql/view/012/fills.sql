-- Executions, the newest of which an index finds by account_id and at.
create view report.fills with (security_invoker = true, security_barrier = true) as
  select account_id, id as fill_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, state, source,
    orchestrator_agent_id, tag, sleeve_id, submitted_by, token_id
  from app.fills;
comment on view report.fills is 'Executions of orders. Only those whose state is live count.';
comment on column report.fills.account_id is 'The account''s id, as in report.accounts.';
comment on column report.fills.fill_id is 'Paddock''s id of the execution.';
comment on column report.fills.order_id is 'The order, as in report.orders.';
comment on column report.fills.alpaca_order_id is 'Alpaca''s id of the order.';
comment on column report.fills.symbol is 'The symbol. A pair of coins has a slash, as in orders: BTC/USD.';
comment on column report.fills.asset_class is 'us_equity, us_option or crypto.';
comment on column report.fills.multiplier is 'What a unit''s price is multiplied by: 100 for a contract, else 1. [factor]';
comment on column report.fills.side is 'buy or sell.';
comment on column report.fills.qty is 'How much was traded; NULL: it was taken back before it was known. [units]';
comment on column report.fills.price is 'The price; NULL: it was taken back before it was known. [USD per unit]';
comment on column report.fills.at is 'When it was traded, by Alpaca. [time]';
comment on column report.fills.state is 'live, or busted or corrected: these count no more.';
comment on column report.fills.source is 'stream, or activities where reconciliation found it.';
comment on column report.fills.orchestrator_agent_id is 'The agent that sent it, as it named itself; NULL: none.';
comment on column report.fills.tag is 'The tag that it was sent with; NULL: none.';
comment on column report.fills.sleeve_id is 'The sleeve to which it belongs, as in report.sleeves; NULL: none.';
comment on column report.fills.submitted_by is 'The id of the user who sent its order, or whose API token did; NULL: it came from elsewhere.';
comment on column report.fills.token_id is 'The API token that sent its order; NULL: none.';
grant select on report.fills to paddock_report;
