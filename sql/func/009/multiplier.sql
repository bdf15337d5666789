-- Returns what one unit of an order is worth at a price of 1: an option
-- contract is for 100 shares.
create or replace function app.multiplier(o app.alpaca_orders) returns numeric
stable parallel safe
language sql
return case app.asset_class(o) when 'us_option' then 100 else 1 end;
