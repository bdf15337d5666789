-- Copies, the newest of which an index finds by account_id and led_at.
create view report.copies with (security_invoker = true, security_barrier = true) as
  select c.account_id, c.id as copy_id, c.follow_id, c.action, c.symbol, c.side, c.state, c.reason, c.led_at, o.created_at as sent_at, o.filled_at, c.leader_filled_at,
    o.filled_qty, o.filled_avg_price, c.leader_price,
    extract(epoch from o.created_at - c.led_at) as lag,
    (o.filled_avg_price - c.leader_price) * case c.side when 'sell' then -1 else 1 end as price_difference
  from app.copies c left join app.alpaca_orders o on o.account_id = c.account_id and o.id = c.id;
comment on view report.copies is 'What was copied from a leader''s orders on the account, with the lag and the prices of both.';
comment on column report.copies.account_id is 'The account''s id, as in report.accounts.';
comment on column report.copies.copy_id is 'Paddock''s id of the copy, and of its order in report.orders.';
comment on column report.copies.follow_id is 'By which consent it was copied.';
comment on column report.copies.action is 'order, replace or cancel.';
comment on column report.copies.symbol is 'What is traded; NULL: several contracts.';
comment on column report.copies.side is 'buy or sell.';
comment on column report.copies.state is 'waiting, asked, done, failed, canceled or skipped.';
comment on column report.copies.reason is 'Why it was skipped, or the code with which it was refused; NULL: neither.';
comment on column report.copies.led_at is 'When Alpaca had accepted the leader''s order. [time]';
comment on column report.copies.sent_at is 'When the copy''s order was sent; NULL: it was not. [time]';
comment on column report.copies.filled_at is 'When the copy was filled, by Alpaca''s clock; NULL: it is not. [time]';
comment on column report.copies.leader_filled_at is 'When the leader''s order was filled, by Alpaca''s clock; NULL: it is not, or not over. [time]';
comment on column report.copies.filled_qty is 'How much of the copy was filled. [units]';
comment on column report.copies.filled_avg_price is 'The copy''s average price. [USD per unit]';
comment on column report.copies.leader_price is 'The leader''s average price, once that order is over. [USD per unit]';
comment on column report.copies.lag is 'Seconds from led_at to sent_at. [number]';
comment on column report.copies.price_difference is 'By how much the copy was worse than the leader''s, below 0: better. [USD per unit]';
grant select on report.copies to paddock_report;
