-- Records that a closing has traded more than was held, for example because an
-- order placed elsewhere filled at the same moment: appends an event that says
-- how far its last fill, of p_moved units, took the position to the other side,
-- and begins a repair.
create or replace function app.record_overshoot(o app.alpaca_orders, p_moved numeric) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  held numeric := app.held_quantity(o.account_id, o.symbol);
  overshot numeric := least(p_moved, case o.side when 'sell' then -held else held end);
begin
  if overshot > 0 then
    perform private.append_event('order', app.order_event('overshot', o) || jsonb_build_object(
      'position_qty', trim_scale(held)::text, 'overshot_qty', trim_scale(overshot)::text), null);
    perform private.begin_repair(app.position_symbol(o.symbol), case o.side when 'sell' then -overshot else overshot end);
  end if;
end
$$;
