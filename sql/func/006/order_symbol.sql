-- The one form in which a symbol stands in orders and guards, as Alpaca answers
-- it in orders: in capitals, and a pair of currencies with its slash. Alpaca
-- takes BTC/USD and BTCUSD for the same market. A pair without its slash has six
-- letters at least and ends in a currency that is traded against; a stock has
-- five at most, and a suffix behind a dot. It is broker.Symbol in Go.
create or replace function app.order_symbol(p_symbol text) returns text
immutable parallel safe
language sql
return case when char_length(p_symbol) < 6 then upper(p_symbol collate "C")
  else regexp_replace(upper(p_symbol collate "C"), '^([A-Z0-9]{2,})(USDT|USDC|USD|BTC)$', '\1/\2') end;
