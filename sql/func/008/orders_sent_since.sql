-- Returns how many orders, replacements included, were sent from here since a
-- time. It reads them, so that it is for short times: orders_sent_today is for a day.
create or replace function app.orders_sent_since(p_account uuid, p_since timestamptz) returns bigint
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select count(*) from app.alpaca_orders t
    where t.account_id = p_account and t.created_at > p_since and t.request_hash is not null and t.intent_state <> 'unsent');
end
$$;
