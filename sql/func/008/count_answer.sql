-- Trigger: counts what the broker answered to an order that was sent from here. One that
-- it took ends the run of refusals, of the account and of the API tokens that answer for
-- the order; a token that was stopped stays so.
create or replace function private.count_answer() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if new.intent_state = 'rejected' then
    perform private.count_refusal(new.account_id, new.token_path);
    return null;
  end if;
  update app.refusal_runs r set refusals = 0 where r.account_id = new.account_id and r.refusals > 0;
  if new.token_path is not null then
    update private.token_refusal_runs r set refusals = 0
      where r.account_id = new.account_id and r.token_id = any (new.token_path) and r.refusals > 0;
  end if;
  return null;
end
$$;
