-- Trigger: counts an order that is sent from here on the day in New York on which it
-- was made, and takes it from that count where it turns out that it was never sent. So
-- the guards know how many there were without reading them (app.orders_sent_today).
-- The retry of an order that exists already adds none.
create or replace function private.count_sent_order() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if tg_op = 'INSERT' and exists (select from app.alpaca_orders o
      where o.account_id = new.account_id and o.client_order_id = new.client_order_id) then
    return new;
  end if;
  if new.intent_state = 'unsent' then
    update app.order_counts c set sent = c.sent - 1
      where c.account_id = old.account_id and c.day = (old.created_at at time zone 'America/New_York')::date and c.sent > 0;
  else
    insert into app.order_counts as c (account_id, day, sent)
      values (new.account_id, (new.created_at at time zone 'America/New_York')::date, 1)
      on conflict (account_id, day) do update set sent = c.sent + 1;
  end if;
  return new;
end
$$;
