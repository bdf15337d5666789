-- Returns the broker's description of a position as a row, with all columns
-- NULL if it cannot be read: one such must not keep the others out of the
-- mirror.
create or replace function app.parse_position(p_account uuid, p jsonb, p_as_of timestamptz) returns app.alpaca_positions
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  r app.alpaca_positions;
begin
  if nullif(p->>'symbol', '') is null or p->>'qty' is null then
    return null;
  end if;
  r.account_id := p_account;
  r.symbol := app.position_symbol(p->>'symbol');
  r.asset_id := (p->>'asset_id')::uuid;
  r.asset_class := p->>'asset_class';
  r.exchange := p->>'exchange';
  r.qty := (p->>'qty')::numeric;
  r.avg_entry_price := (p->>'avg_entry_price')::numeric;
  r.cost_basis := (p->>'cost_basis')::numeric;
  r.market_value := (p->>'market_value')::numeric;
  r.current_price := (p->>'current_price')::numeric;
  r.unrealized_pl := (p->>'unrealized_pl')::numeric;
  r.broker_position := p;
  r.as_of := p_as_of;
  return r;
exception when data_exception then
  return null;
end
$$;
