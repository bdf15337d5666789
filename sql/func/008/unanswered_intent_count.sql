-- Returns how many intents a wind-down waits for because their answer is
-- missing.
create or replace function app.unanswered_intent_count(p_account uuid, p_wind_down uuid) returns bigint
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select count(*) from app.alpaca_orders o join app.wind_downs w on w.account_id = o.account_id and w.id = p_wind_down
    where o.account_id = p_account and o.intent_state = 'submitting' and o.wind_down_id is distinct from w.id
      and (w.cancel_orders or o.id = any (w.on_their_way)));
end
$$;
