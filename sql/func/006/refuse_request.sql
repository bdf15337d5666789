-- Records that a request for an order was refused before it made one, unless the
-- order is there: another request for it made it meanwhile. It waits for the
-- event log's lock, so that an order that is being made counts. Deletes what is
-- older than an hour, since no request takes that long.
create or replace function app.refuse_request(p_account uuid, p_key text, p_client_order_id text) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.lock_event_log();
  insert into app.refused_requests as r (account_id, idempotency_key, client_order_id)
    select p_account, p_key, p_client_order_id
    where not exists (select from app.alpaca_orders o where o.account_id = p_account and o.intent_state <> 'unsent'
      and (o.idempotency_key = p_key or o.client_order_id = p_client_order_id))
    on conflict (account_id, idempotency_key, client_order_id) do update set refused_at = clock_timestamp();
  delete from app.refused_requests r where r.account_id = p_account and r.refused_at < now() - interval '1 hour';
end
$$;
