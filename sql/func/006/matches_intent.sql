-- Reports whether the broker's order o is the one that the intent i asked for:
-- it has the same symbol, side, type, time in force, quantity or amount, prices
-- and legs. What the request left open is not compared, nor what the broker
-- does not say, such as the legs in a list that is not nested. Nor are a
-- bracket's exits: they are orders of their own, and may have been replaced by
-- the time that a lost answer is found.
--
-- A split restates open orders: the quantity in new shares, and the prices too
-- or not at all. If the answer to an order was lost and its shares were split
-- before it is found, it is known by its client_order_id alone. That proves it
-- only if Paddock made the id: one that a client chose may be used elsewhere.
--
-- A replacement is recognised by the order that it replaces, besides symbol and
-- side: an order is replaced only once, and the broker fills in all that the
-- replacement does not change.
create or replace function app.matches_intent(i app.alpaca_orders, o jsonb) returns boolean
immutable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  split numeric := case when i.client_order_id = i.id::text and o->>'asset_class' = 'us_equity' and i.qty > 0 and (o->>'qty')::numeric > 0
    then (o->>'qty')::numeric / i.qty else 1 end;
begin
  return coalesce(
    (i.symbol is null or app.position_symbol(upper(i.symbol)) = app.position_symbol(upper(o->>'symbol')))
    and coalesce(i.side, '') in ('', o->>'side')
    and case when i.action = 'replace' then (o->>'replaces')::uuid = i.replaces
      else nullif(o->>'replaces', '') is null
      and coalesce(i.type, '') in ('', coalesce(nullif(o->>'type', ''), o->>'order_type'))
      and coalesce(i.time_in_force, '') in ('', o->>'time_in_force')
      and coalesce(nullif(i.order_class, ''), 'simple') = coalesce(nullif(o->>'order_class', ''), 'simple')
      and coalesce(i.position_intent, '') in ('', coalesce(nullif(o->>'position_intent', ''), i.position_intent))
      -- Crypto trades at all hours and has no extended ones.
      and (i.symbol like '%/%' or coalesce((o->>'extended_hours')::boolean, i.extended_hours) = i.extended_hours)
      and (i.qty is null or (o->>'qty')::numeric = i.qty or split <> 1)
      and (i.notional is null or (o->>'notional')::numeric = i.notional)
      and app.is_price_asked(i.limit_price, (o->>'limit_price')::numeric, split)
      and app.is_price_asked(i.stop_price, (o->>'stop_price')::numeric, split)
      and app.is_price_asked(i.trail_price, (o->>'trail_price')::numeric, split)
      and (i.trail_percent is null or (o->>'trail_percent')::numeric = i.trail_percent)
      -- The limit price of an OCO order is its take-profit's.
      and (i.order_class <> 'oco' or coalesce(app.is_price_asked((i.request->'take_profit'->>'limit_price')::numeric, (o->>'limit_price')::numeric, split), true))
      -- A multi-leg order has all the legs that were asked for, and no others.
      and (i.order_class <> 'mleg' or jsonb_typeof(i.request->'legs') is distinct from 'array' or jsonb_typeof(o->'legs') is distinct from 'array'
        or o->'legs' = '[]' or (
          jsonb_array_length(case jsonb_typeof(i.request->'legs') when 'array' then i.request->'legs' end)
            = jsonb_array_length(case jsonb_typeof(o->'legs') when 'array' then o->'legs' end)
          and not exists (
            select from jsonb_array_elements(case jsonb_typeof(i.request->'legs') when 'array' then i.request->'legs' end) asked
            where not exists (select from jsonb_array_elements(case jsonb_typeof(o->'legs') when 'array' then o->'legs' end) got
              where got->>'symbol' = asked->>'symbol'
                and coalesce(nullif(asked->>'side', ''), split_part(asked->>'position_intent', '_', 1), '')
                  in ('', coalesce(nullif(got->>'side', ''), split_part(got->>'position_intent', '_', 1)))
                and coalesce(asked->>'position_intent', '') in ('', coalesce(nullif(got->>'position_intent', ''), asked->>'position_intent'))
                and coalesce((asked->>'ratio_qty')::numeric, 1) = coalesce((got->>'ratio_qty')::numeric, (asked->>'ratio_qty')::numeric, 1)))))
    end, false);
end
$$;
