-- Reports whether the broker's price of an order is the one that was asked for,
-- or what a split into p_split new shares for an old one makes of it, rounded to
-- a cent. A price that was not asked for may be any.
create or replace function app.is_price_asked(p_asked numeric, p_price numeric, p_split numeric) returns boolean
immutable parallel safe
language sql
return p_asked is null or p_price = p_asked or p_split <> 1 and abs(p_price - p_asked / p_split) <= 0.01;
