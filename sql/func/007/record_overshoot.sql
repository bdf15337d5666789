-- Records that a closing has traded p_more units more than was held, for example
-- because an order placed elsewhere filled at the same moment: appends an event
-- that says so, and has as much of it traded back as the position still is on the
-- other side. It does nothing unless p_more is above 0.
create or replace function app.record_overshoot(o app.alpaca_orders, p_more numeric) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  held numeric := app.held_quantity(o.account_id, o.symbol);
  back numeric := least(p_more, case o.side when 'sell' then -held else held end);
begin
  if p_more <= 0 then
    return;
  end if;
  update app.alpaca_orders t set overshot_qty = t.overshot_qty + p_more where t.account_id = o.account_id and t.id = o.id;
  perform private.append_event('order', app.order_event('overshot', o) || jsonb_build_object(
    'position_qty', trim_scale(held)::text, 'overshot_qty', trim_scale(p_more)::text), null);
  if back > 0 then
    perform private.begin_repair(app.position_symbol(o.symbol), case o.side when 'sell' then -back else back end);
  end if;
end
$$;
