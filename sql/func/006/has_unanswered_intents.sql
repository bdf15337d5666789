-- Reports whether the broker's answer to an intent of the account is missing.
create or replace function app.has_unanswered_intents(p_account uuid) returns boolean
stable set search_path = pg_catalog, pg_temp
language sql
return exists (select from app.alpaca_orders o where o.account_id = p_account and o.intent_state = 'submitting');
