-- Whether what the broker describes is the order that an intent asked for: the
-- same symbol, side, kind, quantity or amount, and prices. The broker fills in
-- what was not asked for, and that is not compared. A replacement is known by the
-- order that it replaces, beside its symbol and side: what it leaves as it was is
-- the broker's to say.
create function app.is_as_sent(i app.alpaca_orders, o jsonb) returns boolean
immutable parallel safe set search_path = pg_catalog, pg_temp
language sql
return coalesce(
  (i.symbol is null or app.position_symbol(upper(i.symbol)) = app.position_symbol(upper(o->>'symbol')))
  and coalesce(i.side, '') in ('', o->>'side')
  and (i.action = 'replace' and coalesce((o->>'replaces')::uuid = i.replaces, false) or (
    coalesce(i.type, '') in ('', coalesce(nullif(o->>'type', ''), o->>'order_type'))
    and coalesce(i.time_in_force, '') in ('', o->>'time_in_force')
    and coalesce(nullif(i.order_class, ''), 'simple') = coalesce(nullif(o->>'order_class', ''), 'simple')
    and (i.action <> 'replace' or (o->>'replaces')::uuid = i.replaces)
    and (i.qty is null or i.action = 'replace' and i.request->>'qty' is null or (o->>'qty')::numeric = i.qty)
    and (i.notional is null or (o->>'notional')::numeric = i.notional)
    and (i.limit_price is null or (o->>'limit_price')::numeric = i.limit_price)
    and (i.stop_price is null or (o->>'stop_price')::numeric = i.stop_price)
    and (i.trail_price is null or (o->>'trail_price')::numeric = i.trail_price)
    and (i.trail_percent is null or (o->>'trail_percent')::numeric = i.trail_percent)
    -- Legs that either does not name are not compared.
    and not exists (
      select from jsonb_array_elements(case when i.order_class = 'mleg' and jsonb_typeof(i.request->'legs') = 'array' and jsonb_typeof(o->'legs') = 'array'
          then i.request->'legs' end) asked
      where not exists (select from jsonb_array_elements(o->'legs') told
        where told->>'symbol' = asked->>'symbol' and coalesce(nullif(asked->>'side', ''), told->>'side') = told->>'side'
          and coalesce((asked->>'ratio_qty')::numeric, 1) = coalesce((told->>'ratio_qty')::numeric, (asked->>'ratio_qty')::numeric, 1))))), false);
