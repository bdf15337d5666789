-- What the round trips came to that were closed on each day. Fees that name no
-- symbol are in no round trip, and stand in the account's scope.
create view report.daily_profit_and_loss with (security_invoker = true, security_barrier = true) as
  select account_id, scope, scope_value, trading_day, sum(trip) as trips, sum(won) as won, sum(lost) as lost, sum(incomplete) as incomplete,
    case when sum(incomplete) = 0 then sum(realized_pl) end as realized_pl, sum(fees) as fees, sum(other_fees) as other_fees,
    case when sum(incomplete) = 0 then sum(realized_pl) - sum(fees) - sum(other_fees) end as net_pl
  from (
    select account_id, scope, scope_value, (closed_at at time zone 'America/New_York')::date as trading_day, 1 as trip,
        case when net_pl > 0 then 1 else 0 end as won, case when net_pl < 0 then 1 else 0 end as lost, case when complete then 0 else 1 end as incomplete,
        realized_pl, fees, 0::numeric as other_fees
      from report.trading_positions where closed_at is not null
    union all
    select account_id, 'account' as scope, null as scope_value, day, 0, 0, 0, 0, 0, 0, -net_amount
      from app.journal_adjustments where kind in ('FEE', 'CFEE') and symbol is null and not canceled
  ) parts
  group by account_id, scope, scope_value, trading_day;
comment on view report.daily_profit_and_loss is 'What the round trips came to that were closed on each day, by account, agent and tag.';
comment on column report.daily_profit_and_loss.account_id is 'The account''s id, as in report.accounts.';
comment on column report.daily_profit_and_loss.scope is 'account, agent or tag: each tells the same executions again, so choose one.';
comment on column report.daily_profit_and_loss.scope_value is 'Which agent or tag; NULL in the scope account.';
comment on column report.daily_profit_and_loss.trading_day is 'The day of New York''s calendar on which they were closed. [day]';
comment on column report.daily_profit_and_loss.trips is 'How many round trips were closed. [count]';
comment on column report.daily_profit_and_loss.won is 'How many of them earned something after fees. [count]';
comment on column report.daily_profit_and_loss.lost is 'How many of them lost something after fees. [count]';
comment on column report.daily_profit_and_loss.incomplete is 'How many of them have no profit, because the journal and the broker differ. [count]';
comment on column report.daily_profit_and_loss.realized_pl is 'What they earned before fees, from their opening on; NULL: one is incomplete. [USD]';
comment on column report.daily_profit_and_loss.fees is 'Their fees, as a cost. [USD]';
comment on column report.daily_profit_and_loss.other_fees is 'Fees of that day that name no symbol, as a cost; 0 for agents and tags. [USD]';
comment on column report.daily_profit_and_loss.net_pl is 'realized_pl less both fees; NULL: one is incomplete. [USD]';
grant select on report.daily_profit_and_loss to paddock_report;
