-- Returns an account's sleeves as the API shows them, with what each holds, and what
-- belongs to none of them: the account's cash and positions less theirs. A position is
-- worth what the broker's last price says; null where there is none.
create or replace function app.sleeves_json(p_account uuid) returns jsonb
stable set search_path = pg_catalog, pg_temp
language sql as $$
  with held as (
    select t.scope_value::uuid as sleeve_id, t.symbol, app.position_symbol(t.symbol) as position_symbol,
      (t.entry_qty - t.exit_qty) * case t.direction when 'long' then 1 else -1 end as qty, t.held_cost * t.multiplier as cost, p.current_price * t.multiplier as price
    from app.trading_positions t
    left join app.alpaca_positions p on p.account_id = t.account_id and p.symbol = app.position_symbol(t.symbol)
    where t.account_id = p_account and t.scope = 'sleeve' and t.closed_at is null
  ), of_sleeves as (
    select s as the_sleeve, app.reserved_cash(p_account, s.id) as reserved,
      (select coalesce(jsonb_agg(jsonb_build_object('symbol', h.symbol, 'qty', trim_scale(h.qty)::text, 'cost', trim_scale(h.cost)::text,
          'market_value', trim_scale(h.qty * h.price)::text, 'unrealized_pl', trim_scale(h.qty * h.price - sign(h.qty) * h.cost)::text) order by h.symbol), '[]')
        from held h where h.sleeve_id = s.id) as positions,
      (select case when count(*) = count(h.price) then coalesce(sum(h.qty * h.price), 0) end from held h where h.sleeve_id = s.id) as worth,
      (select case when count(*) = count(h.price) then coalesce(sum(h.qty * h.price - sign(h.qty) * h.cost), 0) end from held h where h.sleeve_id = s.id) as unrealized
    from app.sleeves s where s.account_id = p_account
  ), unassigned as (
    select p.symbol, p.qty - coalesce((select sum(h.qty) from held h where h.position_symbol = p.symbol), 0) as qty
    from app.alpaca_positions p where p.account_id = p_account
    union all
    select h.symbol, -sum(h.qty) from held h
      where not exists (select from app.alpaca_positions p where p.account_id = p_account and p.symbol = h.position_symbol) group by h.symbol
  )
  select jsonb_build_object(
    'sleeves', (select coalesce(jsonb_agg(jsonb_build_object('id', (o.the_sleeve).id, 'name', (o.the_sleeve).name, 'switch', (o.the_sleeve).switch,
        'max_order_notional', (o.the_sleeve).max_order_notional::text, 'max_position_notional', (o.the_sleeve).max_position_notional::text,
        'allowed_symbols', to_jsonb((o.the_sleeve).allowed_symbols), 'approval_above', (o.the_sleeve).approval_above::text, 'max_drawdown', (o.the_sleeve).max_drawdown::text, 'transferred', trim_scale((o.the_sleeve).transferred)::text,
        'cash', trim_scale((o.the_sleeve).cash)::text, 'reserved', trim_scale(o.reserved)::text, 'available', trim_scale((o.the_sleeve).cash - o.reserved)::text,
        'positions', o.positions, 'equity', trim_scale((o.the_sleeve).cash + o.worth)::text,
        'high_water_mark', trim_scale((o.the_sleeve).transferred + (o.the_sleeve).highest_pl)::text,
        'drawdown', trim_scale(case when (o.the_sleeve).highest_pl + o.worth is not null then greatest((o.the_sleeve).highest_pl - (o.the_sleeve).traded - o.worth, 0) end)::text,
        'realized_pl', trim_scale((o.the_sleeve).realized_pl)::text, 'unrealized_pl', trim_scale(o.unrealized)::text, 'fees', trim_scale((o.the_sleeve).fees)::text,
        'made_by', (o.the_sleeve).made_by, 'created_at', app.rfc3339((o.the_sleeve).created_at), 'closed_at', app.rfc3339((o.the_sleeve).closed_at))
      order by (o.the_sleeve).closed_at nulls first, (o.the_sleeve).name), '[]') from of_sleeves o),
    'unassigned', jsonb_build_object(
      'cash', trim_scale(app.account_cash(p_account) - (select coalesce(sum((o.the_sleeve).cash), 0) from of_sleeves o))::text,
      'positions', (select coalesce(jsonb_agg(jsonb_build_object('symbol', u.symbol, 'qty', trim_scale(u.qty)::text) order by u.symbol), '[]') from unassigned u where u.qty <> 0),
      'as_of', (select app.rfc3339(b.as_of) from app.account_balances b where b.account_id = p_account)))
$$;
