-- Several accounts here, of several people, may be connected to one Alpaca
-- account, and its client_order_ids are one name space: an id that another of
-- them has sent an order under is taken (PD410). Else the look-up of a lost
-- answer could find the other's order and take it for this one's. What the
-- refusal tells is what Alpaca itself would: that the id is taken.
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
    return new; -- nobody to share with, or a retry
  end if;
  -- Two accounts that claim one id at once: the second waits, and then sees.
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
