-- Records a page of the broker's list of activities for an import of the account's
-- history, and returns how many executions were added: of orders that await theirs
-- (fills_awaited), and of no other, since those may have them from the stream, under
-- other ids. Whether an order awaits any more follows from its quantity. Round trips
-- are computed later (app.round_trips_due): the list is read from its newest end, and
-- each page would change all that were computed before.
create or replace function app.import_history_activities(p_account uuid, p_activities jsonb) returns integer
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  added integer;
  orders uuid[];
  rest jsonb;
begin
  with listed as materialized ( -- columns, by which orders can be looked up: see import_history_orders
    select a->>'id' as id, (a->>'order_id')::uuid as order_id, (a->>'qty')::numeric as qty, (a->>'price')::numeric as price, (a->>'transaction_time')::timestamptz as at
      from jsonb_array_elements(p_activities) a
      where a->>'activity_type' = 'FILL'
  ), made as (
    insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at,
        source, orchestrator_agent_id, tag, sleeve_id)
      select p_account, l.id, o.id, o.alpaca_order_id, o.symbol, app.asset_class(o), app.multiplier(o), o.side, l.qty, l.price, l.at, 'activities',
        o.orchestrator_agent_id, o.tag, o.sleeve_id
      from listed l
      join app.alpaca_orders o on o.account_id = p_account and o.alpaca_order_id = l.order_id and o.fills_awaited
      on conflict (account_id, execution_id) do nothing
      returning order_id, symbol, at
  ), due as (
    insert into app.round_trips_due as d (account_id, symbol, since)
      select p_account, m.symbol, min(m.at) from made m group by m.symbol
      on conflict (account_id, symbol) do update
        set since = least(d.since, excluded.since), reached_at = case when d.reached_at is not null then least(d.reached_at, excluded.since) end,
            reached_id = case when d.reached_at is not null then '' end
  )
  select count(*), array_agg(distinct m.order_id) into added, orders from made m;

  if added > 0 then
    -- The broker rounds averages.
    update app.alpaca_orders o
      set fills_qty = f.qty, fills_awaited = f.qty < o.filled_qty,
          fills_avg_price = case when f.qty = o.filled_qty and (o.filled_avg_price is null or abs(f.notional / f.qty - o.filled_avg_price) <= 0.000001)
            then o.filled_avg_price else o.fills_avg_price end
      from (select t.order_id, sum(t.qty) as qty, sum(t.qty * t.price) as notional from app.fills t
        where t.account_id = p_account and t.order_id = any (orders) and t.state = 'live' group by t.order_id) f
      where o.account_id = p_account and o.id = f.order_id;
    perform private.count_history(added * 600);
  end if;

  select jsonb_agg(a order by n desc) into rest from jsonb_array_elements(p_activities) with ordinality u (a, n) where a->>'activity_type' <> 'FILL';
  if rest is not null then
    perform app.record_adjustments(p_account, rest, true);
  end if;
  return added;
end
$$;
