-- An order's asset class as the broker calls it.
create or replace function app.asset_class(o app.alpaca_orders) returns text
stable parallel safe
language sql
return coalesce(nullif(o.broker_order->>'asset_class', ''),
  case when o.symbol ~ '^[A-Z0-9]{1,6}[0-9]{6}[CP][0-9]{8}$' then 'us_option' when o.symbol like '%/%' then 'crypto' else 'us_equity' end);
