-- Records that an intent was certainly not placed, and appends an event.
-- p_state is rejected (by the broker, for good) or unsent (it never reached the
-- broker, and its retry may). p_more is what else the broker said. An intent
-- whose answer is known by now stays as it is.
create or replace function app.record_refusal(p_account uuid, p_order uuid, p_state text, p_message text, p_code integer, p_request_id text,
  p_more jsonb default null) returns void
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  with refused as (
    update app.alpaca_orders set intent_state = p_state, status = 'rejected', status_message = nullif(p_message, ''),
        broker_error_code = nullif(p_code, 0), broker_request_id = nullif(p_request_id, ''), broker_refusal = p_more,
        updated_at = clock_timestamp()
      where account_id = p_account and id = p_order and intent_state = 'submitting' returning *)
  select private.append_event('order', app.order_event('rejected', row(refused.*)::app.alpaca_orders), null) from refused
$$;
