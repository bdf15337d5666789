-- Returns how much the open orders of a symbol may still buy and sell at most,
-- and the highest of their prices. Intents whose answer is missing count too,
-- and so does an exercise while its contracts are still held. Of orders that
-- exclude each other, such as a bracket's two exits or an order and its
-- replacement, the largest counts. An exit sells no more than its entry bought.
--
-- p_without is an order, by the broker's id, that is to be replaced: it and the
-- orders that it excludes are left out. p_price is the market's price. It
-- measures orders for an amount of money that have no price of their own; if
-- there is no price at all, unmeasured is true and the sums are too low. With
-- p_parked false, orders that are parked as unknown are left out. p_sleeve leaves out
-- what does not belong to this sleeve, and p_unassigned what belongs to any.
create or replace function app.open_quantities(p_account uuid, p_symbol text, p_without uuid default null, p_price numeric default null,
  p_parked boolean default true, p_sleeve uuid default null, p_unassigned boolean default false, out buys numeric, out sells numeric, out dearest numeric, out unmeasured boolean)
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
begin
  with replaced as (
    select coalesce(o.parent_alpaca_order_id, o.alpaca_order_id) as family, o.side
    from app.alpaca_orders o where o.account_id = p_account and o.alpaca_order_id = p_without
  ), unended as (
    select o as the_order, o.filled_qty, o.qty, o.notional, o.filled_avg_price, entry.side as entry_side, entry.filled_qty as entered,
      coalesce(o.parent_alpaca_order_id,
        (select r.alpaca_order_id from app.alpaca_orders r
          where r.account_id = p_account and r.alpaca_order_id = o.replaces
            and not app.is_ended(r.status)),
        o.alpaca_order_id, o.id) as family
    from app.alpaca_orders o
    left join app.alpaca_orders entry on entry.account_id = p_account and entry.alpaca_order_id = o.parent_alpaca_order_id
    where o.account_id = p_account and (app.position_symbol(o.symbol) = app.position_symbol(p_symbol) or o.symbol is null)
      and not app.is_ended(o.status)
      and (p_parked or o.intent_state <> 'unknown')
      and (p_sleeve is null or o.sleeve_id = p_sleeve) and (not p_unassigned or o.sleeve_id is null)
      and not exists (select from replaced r where r.family = coalesce(o.parent_alpaca_order_id, o.alpaca_order_id)
        and r.side is not distinct from o.side)
      and coalesce(entry.order_class, '') <> 'mleg' -- a multi-leg order has its legs as lines
  ), lines as (
    select u.family, l.side, l.price,
      coalesce(l.qty, (u.notional - u.filled_qty * coalesce(u.filled_avg_price, 0)) / nullif(least(p_price, p.current_price), 0) + u.filled_qty) as asked,
      u.filled_qty * coalesce(l.qty / u.qty, 1) as filled,
      case when u.entry_side <> l.side then u.entered end as entered
    from unended u
    cross join lateral app.order_lines(u.the_order) l
    left join app.alpaca_positions p on p.account_id = p_account and p.symbol = app.position_symbol(l.symbol) and p.current_price > 0
    where app.position_symbol(l.symbol) = app.position_symbol(p_symbol)
  ), families as (
    select family, side, max(greatest(least(asked, entered) - filled, 0)) as remaining, max(price) as price, bool_or(asked is null) as unmeasured
    from lines group by family, side
    union all
    select e.id, e.side, e.qty, e.price, false
    from app.exercises e
    join app.alpaca_positions p on p.account_id = e.account_id and p.symbol = e.contract and p.qty > 0
    where e.account_id = p_account and e.symbol = app.position_symbol(p_symbol) and e.state <> 'refused' and p_sleeve is null
      and e.requested_at > clock_timestamp() - interval '4 days'
  )
  select coalesce(sum(remaining) filter (where side = 'buy'), 0), coalesce(sum(remaining) filter (where side = 'sell'), 0), max(price),
    coalesce(bool_or(unmeasured), false)
  into buys, sells, dearest, unmeasured
  from families;
end
$$;
