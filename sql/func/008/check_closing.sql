-- Checks an order that may only reduce a position, whatever limits the account
-- has: it may trade at most app.closable_quantity, and of a sleeve what that holds
-- (app.check_sleeve). It passes every guard but a
-- halt, which only the closings of a running wind-down pass. The result has the
-- form of that of app.check_guards.
--
-- A wind-down does not wait for orders that are parked as unknown: the broker
-- was asked for them for a minute, and does not know them.
create or replace function app.check_closing(o app.alpaca_orders) returns jsonb
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  winding boolean := exists (select from app.wind_downs w
    where w.account_id = o.account_id and w.id = o.wind_down_id and w.state = 'running');
  may numeric;
  sleeve record;
begin
  if o.symbol is null or o.side is null or o.qty is null or o.order_class not in ('', 'simple') then
    raise exception 'an order that may only reduce names one symbol, a side and a quantity' using errcode = '23514';
  end if;
  select c.* into sleeve from app.check_sleeve(o) c;
  if not winding and exists (select from app.account_guards g where g.account_id = o.account_id and g.switch = 'halted') then
    sleeve.violations := sleeve.violations || app.violation('switch', 'halted', null,
      'Trading on this account is halted: no position is closed by hand. Liquidate it, or have its owner open it again.');
  end if;
  may := app.closable_quantity(o.account_id, o.symbol, o.side, not winding, o.replaces);
  if o.qty > may then
    sleeve.violations := sleeve.violations || app.violation('reduce_only', trim_scale(may)::text, trim_scale(o.qty)::text,
      format('Of the position in %s, %s can be closed now: %s is held, and the rest is being traded by orders that are open or on their way.',
        o.symbol, trim_scale(may), trim_scale(app.held_quantity(o.account_id, o.symbol))));
  end if;
  return jsonb_build_object('violations', sleeve.violations, 'needs', sleeve.needs, 'reducing', true);
end
$$;
