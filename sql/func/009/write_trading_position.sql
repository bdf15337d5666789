-- Writes a round trip. Its id follows from its first execution.
create or replace function app.write_trading_position(t app.trading_positions) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into app.trading_positions as p (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id,
      opening_qty, last_at, last_id, closed_at, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
    values (t.account_id, t.id, t.scope, t.scope_value, t.symbol, t.asset_class, t.multiplier, t.direction, t.opened_at, t.opened_id,
      t.opening_qty, t.last_at, t.last_id, t.closed_at, t.entry_qty, t.entry_notional, t.exit_qty, t.exit_notional, t.held_cost, t.max_qty,
      t.fees, t.fills)
    on conflict (account_id, id) do update
      set last_at = t.last_at, last_id = t.last_id, closed_at = t.closed_at, entry_qty = t.entry_qty, entry_notional = t.entry_notional,
          exit_qty = t.exit_qty, exit_notional = t.exit_notional, held_cost = t.held_cost, max_qty = t.max_qty, fees = t.fees, fills = t.fills;
end
$$;
