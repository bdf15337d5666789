-- Parts of accounts with cash of their own.
create view report.sleeves with (security_invoker = true, security_barrier = true) as
  select account_id, id as sleeve_id, name, switch, max_order_notional, max_position_notional, transferred, cash, realized_pl, fees, created_at, closed_at
  from app.sleeves;
comment on view report.sleeves is 'Sleeves: parts of an account with cash and positions of their own. Their round trips are in report.trading_positions, with the scope sleeve.';
comment on column report.sleeves.account_id is 'The account''s id, as in report.accounts.';
comment on column report.sleeves.sleeve_id is 'Paddock''s id of the sleeve.';
comment on column report.sleeves.name is 'What its owner calls it.';
comment on column report.sleeves.switch is 'open, reduce_only or halted.';
comment on column report.sleeves.max_order_notional is 'What one order may cost at most; NULL: no limit. [USD]';
comment on column report.sleeves.max_position_notional is 'What its position in one symbol may be worth at most; NULL: no limit. [USD]';
comment on column report.sleeves.transferred is 'What was moved in, less what was moved out. [USD]';
comment on column report.sleeves.cash is 'What it has: what was moved in, and what its trades brought in less what they and their fees cost. [USD]';
comment on column report.sleeves.realized_pl is 'The profit that its exits made, before fees. [USD]';
comment on column report.sleeves.fees is 'The fees that are known to be its own. [USD]';
comment on column report.sleeves.created_at is 'When it was made. [time]';
comment on column report.sleeves.closed_at is 'When it was closed; NULL: it is in use. [time]';
grant select on report.sleeves to paddock_report;
