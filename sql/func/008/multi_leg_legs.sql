-- Returns the legs of a multi-leg order, from its request or from the broker:
-- symbol, side or position_intent, ratio_qty. A replacement names no legs: it
-- has those of the order that it replaces, which may be a replacement too.
-- Returns NULL while they are not known here.
create or replace function app.multi_leg_legs(o app.alpaca_orders) returns jsonb
stable set search_path = pg_catalog, pg_temp
language sql as $$
  with recursive chain as (
    select 1 as depth, o.replaces as older, case when jsonb_typeof(o.request->'legs') = 'array' then o.request->'legs'
      when jsonb_typeof(o.broker_order->'legs') = 'array' then o.broker_order->'legs' end as legs
    union all
    select c.depth + 1, r.replaces, case when jsonb_typeof(r.request->'legs') = 'array' then r.request->'legs'
      when jsonb_typeof(r.broker_order->'legs') = 'array' then r.broker_order->'legs'
      else (select jsonb_agg(jsonb_build_object('symbol', l.symbol, 'side', l.side, 'ratio_qty', l.qty / r.qty)) from app.alpaca_orders l
        where l.account_id = r.account_id and l.parent_alpaca_order_id = r.alpaca_order_id) end
    from chain c join app.alpaca_orders r on r.account_id = o.account_id and r.alpaca_order_id = c.older
    where (c.legs is null or jsonb_array_length(c.legs) = 0) and c.depth < 100
  )
  select c.legs from chain c where jsonb_array_length(c.legs) > 0 order by c.depth limit 1
$$;
