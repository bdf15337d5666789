-- Returns how many orders, replacements included, were sent from here since a
-- time. Where that is surely less than p_least, it returns NULL: the index alone
-- says how many orders there are at most, and their rows need not be read.
create or replace function app.orders_sent_since(p_account uuid, p_since timestamptz, p_least bigint default 0) returns bigint
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if (select count(*) from (select from app.alpaca_orders t
      where t.account_id = p_account and t.created_at > p_since limit p_least) at_most) < p_least then
    return null;
  end if;
  return (select count(*) from app.alpaca_orders t
    where t.account_id = p_account and t.created_at > p_since and t.request_hash is not null and t.intent_state <> 'unsent');
end
$$;
