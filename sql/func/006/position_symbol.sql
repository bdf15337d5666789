-- The symbol under which a position is kept, as Alpaca's list of positions has
-- it: a pair of coins has no slash there, and one in orders (BTC/USD, BTCUSD).
create or replace function app.position_symbol(p_symbol text) returns text
immutable parallel safe
language sql
return replace(p_symbol, '/', '');
