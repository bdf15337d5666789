-- Trigger: writes into the account's audit that an order is sent, sent again, was
-- refused by the broker or never reached it, or was dismissed. What else becomes of
-- it is the broker's doing, and in the event log.
create or replace function private.record_order_change() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.audit(new.account_id, 'order.' || case new.intent_state
      when 'submitting' then case when tg_op = 'UPDATE' then 'send_again' else new.action end
      when 'rejected' then 'refuse' when 'unsent' then 'fail' else 'dismiss' end,
    jsonb_strip_nulls(jsonb_build_object('order_id', new.id, 'client_order_id', new.client_order_id, 'symbol', new.symbol, 'side', new.side,
      'qty', new.qty::text, 'notional', new.notional::text, 'type', new.type, 'limit_price', new.limit_price::text, 'stop_price', new.stop_price::text,
      'orchestrator_agent_id', new.orchestrator_agent_id, 'tag', new.tag, 'submitted_by', new.submitted_by, 'token_id', new.token_id,
      'reduce_only', nullif(new.reduce_only, false), 'wind_down_id', new.wind_down_id, 'replaces', new.replaces, 'message', new.status_message)));
  return null;
end
$$;
