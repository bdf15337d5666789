-- Returns an order's asset class by the broker's names. If the broker has not
-- said it, the symbol's form decides.
create or replace function app.asset_class(o app.alpaca_orders) returns text
stable parallel safe
language sql
return coalesce(nullif(o.broker_order->>'asset_class', ''),
  case when o.symbol ~ '^[A-Z0-9]{1,6}[0-9]{6}[CP][0-9]{8}$' then 'us_option' when o.symbol like '%/%' then 'crypto' else 'us_equity' end);
