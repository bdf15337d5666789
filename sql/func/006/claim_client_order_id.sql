-- Trigger: refuses a client_order_id that is taken at the broker (PD410).
-- Several accounts here, of several users, may be connected to one Alpaca
-- account, in which a client_order_id stands for one order. Without this check
-- the look-up of a lost answer could find another account's order and take it
-- for this one's. The error reveals no more than Alpaca itself would.
create or replace function private.claim_client_order_id() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.account_id();
  broker uuid;
begin
  select u.alpaca_account_id into broker from app.user_accounts u where u.id = account;
  if new.account_id is distinct from account
      or not exists (select from app.user_accounts u where u.alpaca_account_id = broker and u.id <> account)
      or exists (select from app.alpaca_orders o where o.account_id = account and o.client_order_id = new.client_order_id) then
    return new; -- no other account shares its ids, or this is a retry
  end if;
  -- If two accounts use an id at once, the second waits here, and then finds the
  -- order of the first.
  perform pg_advisory_xact_lock(hashtextextended(broker::text || new.client_order_id, 0));
  if exists (
    select from app.user_accounts u
    join app.alpaca_orders o on o.account_id = u.id and o.client_order_id = new.client_order_id
    where u.alpaca_account_id = broker and u.id <> account and o.request_hash is not null
      and o.intent_state in ('submitting', 'accepted', 'unknown')) then
    raise exception 'this client_order_id is taken at the broker' using errcode = 'PD410';
  end if;
  return new;
end
$$;
