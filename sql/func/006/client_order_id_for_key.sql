-- Returns the client_order_id with which an idempotency key was first sent, so
-- that a retry is sent with the same one; p_new if the key is new, '' or NULL.
create or replace function app.client_order_id_for_key(p_account uuid, p_key text, p_new text) returns text
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if p_key is null or p_key = '' then
    return p_new;
  end if;
  return coalesce((select o.client_order_id from app.alpaca_orders o where o.account_id = p_account and o.idempotency_key = p_key), p_new);
end
$$;
