-- Returns what an order trades: one line, or one for each leg of a multi-leg
-- order.
--
-- price is the highest that a unit can have when the order fills. A buy's limit
-- bounds it. An OCO order is measured by the higher of its two exits, and a
-- trailing stop that buys by where its stop is now. Everything else is measured
-- by the market's price or its own, whichever is higher. It is NULL while the
-- market's price is not known.
--
-- qty of an order for an amount of money is the most that the money can buy, at
-- the lower of its limit and the market's price. It is NULL while the market's
-- price is not known: a limit far above the market bounds nothing.
--
-- An option contract is for 100 of its underlying.
create or replace function app.order_lines(o app.alpaca_orders)
returns table (symbol text, side text, qty numeric, price numeric, multiplier numeric)
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  select l.symbol, l.side, l.qty, l.price, case when app.underlying(l.symbol) is null then 1 else 100 end::numeric
  from (
    select o.symbol, o.side,
      coalesce(o.qty, case when m.price is not null then o.notional / nullif(least(nullif(m.limit_price, 0), m.price), 0) end) as qty,
      case
        when o.side = 'buy' and m.stop_price is null and m.trail_price is null and m.trail_percent is null and m.limit_price is not null
          then m.limit_price
        when o.side = 'buy' and m.stop_price is not null and m.stop_limit is not null then greatest(m.limit_price, m.stop_limit)
        when m.price is not null then greatest(m.limit_price, m.stop_price,
          case when o.side = 'buy' then m.price * (1 + m.trail_percent / 100) end,
          case when o.side = 'buy' then m.price + m.trail_price end, m.price)
      end as price
    from (
      select (o.reference_prices->>o.symbol)::numeric as price,
        coalesce(o.limit_price, case when o.order_class = 'oco' then (o.request->'take_profit'->>'limit_price')::numeric end) as limit_price,
        case when o.order_class = 'oco' then coalesce((o.request->'stop_loss'->>'stop_price')::numeric, x.stop_price, o.stop_price)
          else o.stop_price end as stop_price,
        case when o.order_class = 'oco' then coalesce((o.request->'stop_loss'->>'limit_price')::numeric, x.limit_price)
          when o.stop_price is not null then o.limit_price end as stop_limit,
        o.trail_price, o.trail_percent
      from (values (1)) one
      left join lateral (
        select t.stop_price, t.limit_price from app.alpaca_orders t
        where o.order_class = 'oco' and t.account_id = o.account_id and t.parent_alpaca_order_id = o.alpaca_order_id
          and t.stop_price is not null limit 1) x on true
    ) m
    where o.order_class <> 'mleg'
    union all
    select leg->>'symbol', coalesce(nullif(leg->>'side', ''), split_part(leg->>'position_intent', '_', 1)),
      o.qty * coalesce((leg->>'ratio_qty')::numeric, 1), (o.reference_prices->>(leg->>'symbol'))::numeric
    from jsonb_array_elements(case when o.order_class = 'mleg' then app.multi_leg_legs(o) end) leg
  ) l;
end
$$;
