-- Whether what the broker describes is the order that an intent asked for: the
-- same symbol, side, kind, hours, quantity or amount, prices and contracts. The
-- broker fills in what was not asked for, and that is not compared; nor is what
-- it does not tell, such as the legs in a flat answer. A bracket's exits are
-- orders of their own, which may have been replaced by the time that a lost
-- answer is found. A replacement is known by the order that it replaces, beside
-- its symbol and side, since an order is replaced once: what it leaves as it was
-- is the broker's to say.
create or replace function app.matches_intent(i app.alpaca_orders, o jsonb) returns boolean
immutable parallel safe set search_path = pg_catalog, pg_temp
language sql
return coalesce(
  (i.symbol is null or app.position_symbol(upper(i.symbol)) = app.position_symbol(upper(o->>'symbol')))
  and coalesce(i.side, '') in ('', o->>'side')
  and case when i.action = 'replace' then (o->>'replaces')::uuid = i.replaces
    else nullif(o->>'replaces', '') is null
    and coalesce(i.type, '') in ('', coalesce(nullif(o->>'type', ''), o->>'order_type'))
    and coalesce(i.time_in_force, '') in ('', o->>'time_in_force')
    and coalesce(nullif(i.order_class, ''), 'simple') = coalesce(nullif(o->>'order_class', ''), 'simple')
    and coalesce(i.position_intent, '') in ('', coalesce(nullif(o->>'position_intent', ''), i.position_intent))
    -- What trades at all hours has none that are extended.
    and (i.symbol like '%/%' or coalesce((o->>'extended_hours')::boolean, i.extended_hours) = i.extended_hours)
    and (i.qty is null or (o->>'qty')::numeric = i.qty)
    and (i.notional is null or (o->>'notional')::numeric = i.notional)
    and (i.limit_price is null or (o->>'limit_price')::numeric = i.limit_price)
    and (i.stop_price is null or (o->>'stop_price')::numeric = i.stop_price)
    and (i.trail_price is null or (o->>'trail_price')::numeric = i.trail_price)
    and (i.trail_percent is null or (o->>'trail_percent')::numeric = i.trail_percent)
    -- An oco is its own take-profit.
    and (i.order_class <> 'oco' or coalesce((i.request->'take_profit'->>'limit_price')::numeric = (o->>'limit_price')::numeric, true))
    -- The contracts of a multi-leg order, all of them and no other.
    and (i.order_class <> 'mleg' or jsonb_typeof(i.request->'legs') is distinct from 'array' or jsonb_typeof(o->'legs') is distinct from 'array'
      or o->'legs' = '[]' or (
        jsonb_array_length(case jsonb_typeof(i.request->'legs') when 'array' then i.request->'legs' end)
          = jsonb_array_length(case jsonb_typeof(o->'legs') when 'array' then o->'legs' end)
        and not exists (
          select from jsonb_array_elements(case jsonb_typeof(i.request->'legs') when 'array' then i.request->'legs' end) asked
          where not exists (select from jsonb_array_elements(case jsonb_typeof(o->'legs') when 'array' then o->'legs' end) told
            where told->>'symbol' = asked->>'symbol'
              and coalesce(nullif(asked->>'side', ''), split_part(asked->>'position_intent', '_', 1), '')
                in ('', coalesce(nullif(told->>'side', ''), split_part(told->>'position_intent', '_', 1)))
              and coalesce(asked->>'position_intent', '') in ('', coalesce(nullif(told->>'position_intent', ''), asked->>'position_intent'))
              and coalesce((asked->>'ratio_qty')::numeric, 1) = coalesce((told->>'ratio_qty')::numeric, (asked->>'ratio_qty')::numeric, 1)))))
  end, false);
