-- Records the positions of the admitted account as the broker listed them, as far as it is
-- certain which fills the list includes, and returns the symbols that it left
-- (app.reconcile_positions, for a list that is read alone). p_as_of and p_moves are the time
-- and app.position_moves before the list was asked for. p_versions and p_keys are
-- those of private.require_keys, which raises an error where they do not fit.
create or replace function private.record_position_list(p_versions integer[], p_keys text[], p_positions jsonb, p_as_of timestamptz, p_moves jsonb) returns text[]
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select r.unsettled from app.reconcile_positions(private.require_keys(p_versions, p_keys), p_positions, p_as_of, p_moves, null, null) r);
end
$$;
