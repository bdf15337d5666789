-- Returns the underlying of an option contract's symbol; NULL for any other
-- symbol.
create or replace function app.underlying(p_symbol text) returns text
immutable parallel safe
language sql
return substring(p_symbol from '^([A-Z0-9.]{1,6})[0-9]{6}[CP][0-9]{8}$');
