-- What one of an order's units is worth at a price of 1: an option's contract
-- is for 100 shares.
create or replace function app.multiplier(o app.alpaca_orders) returns numeric
stable parallel safe
language sql
return case app.asset_class(o) when 'us_option' then 100 else 1 end;
