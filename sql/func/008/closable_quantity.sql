-- Returns how much of a symbol one side may trade so that the position only
-- becomes smaller: what is held, less all that open orders and those on their
-- way may trade against it. It is never below 0. p_without and p_parked are
-- those of app.open_quantities.
create or replace function app.closable_quantity(p_account uuid, p_symbol text, p_side text, p_parked boolean default true, p_without uuid default null) returns numeric
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  held numeric := app.held_quantity(p_account, p_symbol);
begin
  return (select greatest(0, case p_side when 'sell' then held - q.sells else -held - q.buys end)
    from app.open_quantities(p_account, p_symbol, p_without, p_parked => p_parked) q);
end
$$;
