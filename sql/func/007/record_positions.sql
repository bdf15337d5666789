-- Records the broker's list of positions where it was read alone, without the
-- orders around it (app.reconcile_positions), and reports whether a quantity
-- changed. p_moves is what app.position_moves returned before the list was
-- asked for.
create or replace function app.record_positions(p_account uuid, p_positions jsonb, p_as_of timestamptz, p_moves jsonb default null) returns boolean
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  select s.changed from app.reconcile_positions(p_account, p_positions, p_as_of, p_moves, null, null) s
$$;
