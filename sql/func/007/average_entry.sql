-- Returns the average entry price of a position after a trade, until the
-- broker's own is known: an increase averages its price in, a decrease keeps
-- the average, and a reversal starts with its own price.
create or replace function app.average_entry(p_held numeric, p_average numeric, p_by numeric, p_price numeric) returns numeric
immutable parallel safe
language sql
return case
  when p_held + p_by = 0 then null
  when p_held = 0 or sign(p_held) <> sign(p_held + p_by) then p_price
  when sign(p_by) = sign(p_held) then (p_held * p_average + p_by * p_price) / (p_held + p_by)
  else p_average end;
