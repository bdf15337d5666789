-- Records whether the broker took an exercise of the admitted account that was asked for:
-- p_state is accepted or refused. p_versions and p_keys are those of
-- private.require_keys, which raises an error where they do not fit.
create or replace function private.record_exercise(p_versions integer[], p_keys text[], p_exercise uuid, p_state text) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update app.exercises e set state = p_state
    where e.account_id = private.require_keys(p_versions, p_keys) and e.id = p_exercise and e.state = 'asked';
end
$$;
