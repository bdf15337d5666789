-- No order is sent that the guards refuse, whatever statement makes it: PD422,
-- with the verdict as its detail. The log's lock comes first, so that of many
-- orders at once each is counted by the next; its time is that of its turn. A
-- transaction whose snapshot is older than the lock would not see the others.
create or replace function app.guard_order() returns trigger
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  verdict jsonb;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'an order is made in a transaction that is read committed: an older snapshot misses what the lock was waited for' using errcode = '25001';
  end if;
  perform private.lock_event_log();
  -- The retry of an order that is there already is not one more.
  if tg_op = 'INSERT' and exists (select from app.alpaca_orders o where o.account_id = new.account_id
      and (o.client_order_id = new.client_order_id or o.idempotency_key = new.idempotency_key)) then
    return new;
  end if;
  new.created_at := clock_timestamp();
  -- Two statements: the worker makes closings, and may ask for no other verdict.
  if new.reduce_only then
    verdict := app.check_closing(new);
  else
    verdict := app.check_guards(new);
  end if;
  if jsonb_array_length(verdict->'violations') + jsonb_array_length(verdict->'needs') > 0 then
    raise exception 'the account''s guards refuse the order' using errcode = 'PD422', detail = verdict::text;
  end if;
  return new;
end
$$;
