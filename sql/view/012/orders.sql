-- Orders, the newest of which an index finds by account_id and created_at.
create view report.orders with (security_invoker = true, security_barrier = true) as
  select account_id, id as order_id, client_order_id, alpaca_order_id, symbol, side, type, time_in_force, order_class,
    qty, notional, limit_price, stop_price, extended_hours, status, status_message, filled_qty, filled_avg_price,
    orchestrator_agent_id, tag, created_at, submitted_at, filled_at, canceled_at, updated_at,
    position_intent, trail_price, trail_percent, parent_alpaca_order_id, replaces, replaced_by, submitted_by, token_id, sleeve_id, reason
  from app.alpaca_orders;
comment on view report.orders is 'Orders, with what the broker last said of them.';
comment on column report.orders.account_id is 'The account''s id, as in report.accounts.';
comment on column report.orders.order_id is 'Paddock''s id of the order.';
comment on column report.orders.client_order_id is 'The id under which it was sent to Alpaca.';
comment on column report.orders.alpaca_order_id is 'Alpaca''s id; NULL: Alpaca never had it, or its answer is missing.';
comment on column report.orders.symbol is 'The symbol; NULL for an order of several contracts. A pair of coins has a slash: BTC/USD.';
comment on column report.orders.side is 'buy or sell; NULL where its legs have one each.';
comment on column report.orders.type is 'market, limit, stop, stop_limit or trailing_stop.';
comment on column report.orders.time_in_force is 'day, gtc, opg, cls, ioc or fok.';
comment on column report.orders.order_class is 'bracket, oco, oto or mleg; empty or simple for an order alone.';
comment on column report.orders.qty is 'How much was asked for; NULL for an order for an amount of money. [units]';
comment on column report.orders.notional is 'The amount of money that was asked for; NULL for an order for a quantity. [USD]';
comment on column report.orders.limit_price is 'Its limit; NULL: none. [USD per unit]';
comment on column report.orders.stop_price is 'Its stop; NULL: none. [USD per unit]';
comment on column report.orders.extended_hours is 'Whether it may trade outside the regular session.';
comment on column report.orders.status is 'Alpaca''s status, or submitting, unsent, unknown or dismissed before Alpaca has it.';
comment on column report.orders.status_message is 'Why it was refused, or what a person must know; NULL: nothing.';
comment on column report.orders.filled_qty is 'How much was filled. [units]';
comment on column report.orders.filled_avg_price is 'At which average price; NULL: nothing was filled. [USD per unit]';
comment on column report.orders.orchestrator_agent_id is 'The agent that sent it, as it named itself; NULL: none.';
comment on column report.orders.tag is 'The tag that it was sent with; NULL: none.';
comment on column report.orders.created_at is 'When it was made here, or was first seen. [time]';
comment on column report.orders.submitted_at is 'When Alpaca took it; NULL: not yet. [time]';
comment on column report.orders.filled_at is 'When it was filled whole; NULL: it was not. [time]';
comment on column report.orders.canceled_at is 'When it was canceled; NULL: it was not. [time]';
comment on column report.orders.updated_at is 'When this row last changed. [time]';
comment on column report.orders.position_intent is 'buy_to_open, buy_to_close, sell_to_open or sell_to_close, if it was said.';
comment on column report.orders.trail_price is 'How far a trailing stop follows; NULL: by a percentage, or it is none. [USD per unit]';
comment on column report.orders.trail_percent is 'How far a trailing stop follows; NULL: by an amount, or it is none. [percent]';
comment on column report.orders.parent_alpaca_order_id is 'Alpaca''s id of the order that this is a leg of; NULL: of none.';
comment on column report.orders.replaces is 'Alpaca''s id of the order that this one took the place of; NULL: of none.';
comment on column report.orders.replaced_by is 'Alpaca''s id of the order that took this one''s place; NULL: none.';
comment on column report.orders.submitted_by is 'The id of the user who sent it, or whose API token did; NULL: it came from elsewhere.';
comment on column report.orders.token_id is 'The API token that sent it; NULL: a session did, or it came from elsewhere.';
comment on column report.orders.sleeve_id is 'The sleeve to which it belongs, as in report.sleeves; NULL: none.';
comment on column report.orders.reason is 'Why, in its sender''s words; NULL: no reason was given.';
grant select on report.orders to paddock_report;
