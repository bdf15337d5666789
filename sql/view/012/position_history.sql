-- What the journal held of each symbol at the end of each day on which that
-- changed, from fills and adjustments alone, by the rules of
-- app.recompute_scope_round_trips. An expiry takes all that is held, so that what
-- follows it is added up anew (a new chapter). What the journal cuts off where it
-- holds too little is not cut off here; then there is a gap, and complete is false.
create view report.position_history with (security_invoker = true, security_barrier = true) as
  with changes as (
    select account_id, replace(symbol, '/', '') as symbol, asset_class, at, execution_id as id, case side when 'buy' then qty else -qty end as change,
        case side when 'buy' then qty else 0 end as bought, case side when 'sell' then qty else 0 end as sold, false as expired
      from app.fills where state = 'live'
    union all
    select a.account_id, a.symbol, null as asset_class, a.at, a.activity_id,
        case a.kind when 'OPTRD' then a.qty when 'OPASN' then abs(a.qty) when 'OPEXP' then 0 else -abs(a.qty) end, 0, 0, a.kind = 'OPEXP'
      from app.journal_adjustments a
      where a.kind <> 'SPLIT' and not a.canceled and a.symbol is not null and (a.qty is not null or a.kind = 'OPEXP')
    union all
    -- The entries of one split count together, at the time of the first. One that
    -- names its kind of split and is alone waits for the other.
    select l.account_id, l.symbol, null as asset_class, l.at, l.activity_id, sum(p.qty), 0, 0, false
      from app.journal_adjustments l
      join app.journal_adjustments p on p.account_id = l.account_id and p.symbol = l.symbol and p.split_of = l.activity_id
      where l.kind = 'SPLIT' and l.split_of = l.activity_id and l.symbol is not null
      group by l.account_id, l.symbol, l.at, l.activity_id, l.sub_type
      having count(*) > 1 or l.sub_type is null
  ), chapters as (
    select c.*, count(*) filter (where expired) over (partition by account_id, symbol order by at, id) as chapter from changes c
  ), steps as (
    select c.*, sum(change) over (partition by account_id, symbol, chapter order by at, id) as held from chapters c
  ), days as (
    select account_id, symbol, max(asset_class) as asset_class, (at at time zone 'America/New_York')::date as trading_day,
        sum(bought) as bought_qty, sum(sold) as sold_qty, (array_agg(held order by at desc, id desc))[1] as end_qty
      from steps group by account_id, symbol, (at at time zone 'America/New_York')::date
  )
  select d.account_id, d.symbol, max(d.asset_class) over (partition by d.account_id, d.symbol) as asset_class, d.trading_day,
    lead(d.trading_day) over w - 1 as until_day, d.bought_qty, d.sold_qty,
    d.end_qty - coalesce(lag(d.end_qty) over w, 0) - d.bought_qty + d.sold_qty as adjusted_qty, d.end_qty,
    not exists (select from app.journal_gaps g where g.account_id = d.account_id and replace(g.symbol, '/', '') = d.symbol
      and d.trading_day >= (g.trips_since at time zone 'America/New_York')::date) as complete
  from days d
  window w as (partition by d.account_id, d.symbol order by d.trading_day);
comment on view report.position_history is 'What was held at the end of each day on which that changed, from fills and adjustments.';
comment on column report.position_history.account_id is 'The account''s id, as in report.accounts.';
comment on column report.position_history.symbol is 'The symbol. A pair of coins has no slash, as in positions: BTCUSD.';
comment on column report.position_history.asset_class is 'us_equity, us_option or crypto; NULL: there was never a fill.';
comment on column report.position_history.trading_day is 'A day of New York''s calendar, by which Alpaca''s days go. [day]';
comment on column report.position_history.until_day is 'The last day on which end_qty was held; NULL: until now. [day]';
comment on column report.position_history.bought_qty is 'How much was bought on that day. [units]';
comment on column report.position_history.sold_qty is 'How much was sold on that day. [units]';
comment on column report.position_history.adjusted_qty is 'What splits, expiries, exercises and fees in coins added, or took where negative. [units]';
comment on column report.position_history.end_qty is 'How much was held at the end of that day; negative when short; 0: it was closed. [units]';
comment on column report.position_history.complete is 'False: the journal holds another quantity of the symbol than the broker, see journal_gaps.';
grant select on report.position_history to paddock_report;
