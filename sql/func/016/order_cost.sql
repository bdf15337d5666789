-- Returns the most that an order may take from its sleeve's cash: 0 if it sells, and NULL
-- while the market's price is not known. A limit bounds what a buy costs, and so does an
-- amount of money. Any other buy is measured by the market's price, or its own stop, and
-- five percent more, because it fills at what the market asks by then.
create or replace function app.order_cost(o app.alpaca_orders) returns numeric
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  margin numeric := case when o.limit_price is not null then 1 else 1.05 end;
begin
  if o.side is distinct from 'buy' then
    return 0;
  end if;
  if o.notional is not null then
    return o.notional;
  end if;
  return (select round(ceil(sum(l.qty * l.price * l.multiplier) * margin * 100) / 100, 2) from app.order_lines(o) l);
end
$$;
