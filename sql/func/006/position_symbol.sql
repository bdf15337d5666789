-- Returns the symbol under which a position is kept, as in Alpaca's list of
-- positions: a pair of coins has no slash there (BTCUSD), and may have one in
-- orders (BTC/USD).
create or replace function app.position_symbol(p_symbol text) returns text
immutable parallel safe
language sql
return replace(p_symbol, '/', '');
