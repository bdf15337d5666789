-- Returns how many orders, replacements included, an API token and those that were made
-- of it have sent since a time. It reads them, so that it is for short times.
create or replace function app.orders_sent_by_token(p_account uuid, p_token uuid, p_since timestamptz) returns bigint
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select count(*) from app.alpaca_orders t
    where t.account_id = p_account and t.created_at > p_since and t.token_path is not null and p_token = any (t.token_path)
      and t.request_hash is not null and t.intent_state <> 'unsent');
end
$$;
