-- What an order trades: one line, or one a leg of a multi-leg order. The price
-- is the most that a unit can be worth when the order is filled: a buy's limit
-- bounds it, and everything else trades at the market's price or its own,
-- whichever is dearer. It is NULL while the market's price is not known, and so
-- then is the quantity of an order that names an amount of money. An option
-- contract is for 100 of its underlying.
create or replace function app.order_lines(o app.alpaca_orders)
returns table (symbol text, side text, qty numeric, price numeric, multiplier numeric)
stable set search_path = pg_catalog, pg_temp
language sql as $$
  select l.symbol, l.side, coalesce(l.qty, o.notional / nullif(l.price, 0)), l.price,
      case when app.underlying(l.symbol) is null then 1 else 100 end
  from (
    select o.symbol, o.side, o.qty,
      case when o.side = 'buy' and o.limit_price is not null then o.limit_price
           when o.reference_prices ? o.symbol then greatest(o.limit_price, o.stop_price, (o.reference_prices->>o.symbol)::numeric)
      end as price
    where o.order_class <> 'mleg'
    union all
    select leg->>'symbol', coalesce(leg->>'side', split_part(leg->>'position_intent', '_', 1)),
      o.qty * coalesce((leg->>'ratio_qty')::numeric, 1), (o.reference_prices->>(leg->>'symbol'))::numeric
    from (select coalesce(o.request->'legs', o.broker_order->'legs') as legs where o.order_class = 'mleg') m
    cross join lateral jsonb_array_elements(case when jsonb_typeof(m.legs) = 'array' then m.legs end) leg
  ) l
$$;
