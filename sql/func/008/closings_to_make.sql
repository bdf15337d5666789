-- Returns the positions that a wind-down is to close now, with the side that
-- closes each and how much of it. If it liquidates, that is all of them. Else
-- it is what orders that were on their way when it began have opened since,
-- less what their exits have closed; and for a repair what it trades back. Its
-- own closings, and those of a wind-down that it took over from, are
-- subtracted.
--
-- A quantity of 0 waits for orders that are still open, or for a closing of its
-- own that may still be refused: waits says that the last closing is at the
-- broker, and refused why the broker refused it.
create or replace function app.closings_to_make(p_account uuid, p_wind_down uuid)
returns table (symbol text, asset_class text, held numeric, side text, qty numeric, refused text, waits boolean)
stable set search_path = pg_catalog, pg_temp
language sql as $$
  with w as (
    select t.* from app.wind_downs t where t.account_id = p_account and t.id = p_wind_down
  ), wanted as (
    select p.symbol, abs(p.qty) as qty, sign(p.qty) as direction
    from w, app.alpaca_positions p where w.liquidate and p.account_id = p_account and p.qty <> 0
    union all
    -- What orders on their way have opened. One that only made a position smaller
    -- has the other direction than what is held, and so is not closed.
    select app.position_symbol(l.symbol), sum(o.filled_qty * coalesce(l.qty / nullif(o.qty, 0), 1) - exits.filled), case l.side when 'sell' then -1 else 1 end
    from w, app.alpaca_orders o cross join lateral app.order_lines(o) l
    cross join lateral (select coalesce(sum(x.filled_qty), 0) as filled from app.alpaca_orders x
      where x.account_id = o.account_id and x.parent_alpaca_order_id = o.alpaca_order_id and x.side <> o.side) exits
    where not w.liquidate and o.account_id = p_account and o.id = any (w.on_their_way) and o.filled_qty > 0
    group by 1, 3
    union all
    select w.repair_symbol, abs(w.repair_qty), sign(w.repair_qty) from w where w.repair_symbol is not null
  ), closed as (
    select app.position_symbol(o.symbol) as symbol, o.side,
      sum(case when o.intent_state in ('submitting', 'accepted') and o.is_open then o.qty else o.filled_qty end) as qty,
      sum(o.filled_qty) as filled
    from w, app.wind_downs before, app.alpaca_orders o
    where before.account_id = p_account and (before.id = w.id or before.on_their_way && w.on_their_way)
      and o.account_id = p_account and o.wind_down_id = before.id group by 1, 2
  )
  select p.symbol, p.asset_class, p.qty, s.side,
    trim_scale(least(case when w.liquidate then abs(p.qty) else wanted.qty - coalesce(closed.qty, 0) end,
      abs(p.qty), app.closable_quantity(p_account, p.symbol, s.side, false))),
    last.status_message, coalesce(last.is_open and last.intent_state = 'accepted', false)
  from w, wanted
  join app.alpaca_positions p on p.account_id = p_account and p.symbol = wanted.symbol and sign(p.qty) = wanted.direction
  cross join lateral (select case when p.qty > 0 then 'sell' else 'buy' end as side) s
  left join closed on closed.symbol = p.symbol and closed.side = s.side
  left join lateral (select o.status_message, o.is_open, o.intent_state from app.alpaca_orders o
    where o.account_id = p_account and o.wind_down_id = w.id and app.position_symbol(o.symbol) = p.symbol
    order by o.created_at desc limit 1) last on true
  where (w.liquidate or wanted.qty > coalesce(closed.filled, 0))
$$;
