-- Records that an order of the admitted account was certainly not placed, and appends an
-- event (app.record_refusal, which has the other parameters). p_versions and p_keys are
-- those of private.require_keys, which raises an error where they do not fit.
create or replace function private.record_not_placed(p_versions integer[], p_keys text[], p_order uuid, p_state text, p_message text, p_code integer,
  p_request_id text, p_more jsonb) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform app.record_refusal(private.require_keys(p_versions, p_keys), p_order, p_state, p_message, p_code, p_request_id, p_more);
end
$$;
