-- Trigger: refuses an order that the account's guards do not allow, whatever
-- statement makes it (PD422, with the result of app.check_guards as its
-- detail).
--
-- It also refuses one whose client has been told that nothing was placed: where
-- a newer request for the same order was refused (PD411, app.refused_requests).
--
-- One that needs a person's word and has it not is refused with PD450, and its detail says
-- what it needs (private.use_approval).
--
-- It says to which sleeve the order belongs, with the most that it may take from it, and
-- which API token sends the order, by the admission. The token's own limits,
-- and those of the tokens of which it was made, are a part of app.check_guards.
--
-- It locks the event log first, so that concurrent orders are checked one after
-- the other, and each check counts the orders before it. created_at is the time
-- at which the order's turn came. The transaction must be read committed: an
-- older snapshot would not see the orders that committed while this one waited.
create or replace function app.guard_order() returns trigger
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  verdict jsonb;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'orders are made in transactions that are read committed: an older snapshot would miss the orders before this one' using errcode = '25001';
  end if;
  perform private.lock_event_log();
  -- The retry of an order that exists already adds none.
  if tg_op = 'INSERT' and exists (select from app.alpaca_orders o where o.account_id = new.account_id
      and o.client_order_id = new.client_order_id) then
    return new;
  end if;
  if tg_op = 'INSERT' and new.idempotency_key is not null and exists (select from app.alpaca_orders o where o.account_id = new.account_id
      and o.idempotency_key = new.idempotency_key) then
    return new;
  end if;
  if new.requested_at is not null then
    if exists (select from app.refused_requests r where r.account_id = new.account_id and r.refused_at > new.requested_at
        and (r.idempotency_key = new.idempotency_key or r.client_order_id = new.client_order_id)) then
      raise exception 'a retry of this request was refused while it was under way' using errcode = 'PD411';
    end if;
  end if;
  new.created_at := clock_timestamp();
  new.token_path := private.token_path();
  new := app.in_sleeve(new);
  -- Two statements and not one CASE: the worker makes closings, and may not
  -- execute check_guards.
  if new.reduce_only then
    verdict := app.check_closing(new);
  else
    verdict := app.check_guards(new);
  end if;
  if jsonb_array_length(verdict->'violations') + jsonb_array_length(verdict->'needs') > 0 then
    raise exception 'the account''s guards refuse the order' using errcode = 'PD422', detail = verdict::text;
  end if;
  if verdict->'approval' <> 'null' then
    perform private.use_approval(new, verdict->'approval');
  end if;
  if new.sleeve_id is not null then
    new.sleeve_cost := app.order_cost(new);
  end if;
  return new;
end
$$;
