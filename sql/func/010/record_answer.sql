-- Records an order of the admitted account as the broker described it in its answer
-- p_order (Alpaca's own JSON), and returns it as the API shows it. Where that changed
-- anything, it appends an event. p_versions and p_keys are those of
-- private.require_keys, which raises an error where they do not fit.
create or replace function private.record_answer(p_versions integer[], p_keys text[], p_order jsonb, p_request_id text) returns jsonb
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  r record;
  shown jsonb;
begin
  select * into r from app.record_order(private.require_keys(p_versions, p_keys), p_order, p_request_id);
  shown := app.order_json(r.recorded);
  if r.changed then
    perform private.append_event('order', app.change_event('accepted', shown), null);
  end if;
  return shown;
end
$$;
