-- Returns how often each position of the mirror was moved or set, by symbol.
-- app.reconcile_positions takes what this returned before the broker was asked
-- for positions.
create or replace function app.position_moves(p_account uuid) returns jsonb
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select coalesce(jsonb_object_agg(p.symbol, p.moves), '{}') from app.alpaca_positions p where p.account_id = p_account);
end
$$;
