-- Returns a symbol in the form in which orders and guards are kept, which is
-- Alpaca's form in orders: in capitals, and a currency pair with its slash.
-- Alpaca takes BTC/USD and BTCUSD for the same market. A pair without its slash
-- has at least six letters and ends in a quote currency; a stock has at most
-- five, and a suffix behind a dot. broker.Symbol does the same in Go.
create or replace function app.order_symbol(p_symbol text) returns text
immutable parallel safe
language sql
return case when char_length(p_symbol) < 6 then upper(p_symbol collate "C")
  else regexp_replace(upper(p_symbol collate "C"), '^([A-Z0-9]{2,})(USDT|USDC|USD|BTC)$', '\1/\2') end;
