-- Returns an order with the sleeve to which it belongs: that which it names; that of the
-- order which it replaces; that in which its API token trades; and for a closing that
-- names none, the one sleeve that holds all of the position.
create or replace function app.in_sleeve(o app.alpaca_orders) returns app.alpaca_orders
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  holders text[];
begin
  if o.action = 'replace' then
    o.sleeve_id := (select t.sleeve_id from app.alpaca_orders t where t.account_id = o.account_id and t.alpaca_order_id = o.replaces);
  elsif o.sleeve_id is null and o.wind_down_id is null then
    o.sleeve_id := private.token_sleeve();
    if o.sleeve_id is null and o.reduce_only and o.side = 'sell' then
      holders := array(select distinct t.scope_value from app.trading_positions t
        where t.account_id = o.account_id and t.scope = 'sleeve' and t.closed_at is null and app.position_symbol(t.symbol) = app.position_symbol(o.symbol));
      if cardinality(holders) = 1 and app.held_in_sleeves(o.account_id, o.symbol) >= app.held_quantity(o.account_id, o.symbol) then
        o.sleeve_id := holders[1]::uuid;
      end if;
    end if;
  end if;
  return o;
end
$$;
