-- Trigger: counts an order that is sent from here on the day in New York on which it
-- was made, and takes it from that count where it turns out that it was never sent. So
-- the guards know how many there were without reading them (app.orders_sent_today,
-- private.token_paces). It counts for the account, and for each API token that answers
-- for the order. The retry of an order that exists already adds none. Where most of the
-- day's orders are used, or of those that may be open, that is told (private.note_use).
create or replace function private.count_sent_order() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  of_day date;
  sent_today integer;
begin
  if tg_op = 'INSERT' and exists (select from app.alpaca_orders o
      where o.account_id = new.account_id and o.client_order_id = new.client_order_id) then
    return new;
  end if;
  if new.intent_state = 'unsent' then
    of_day := (old.created_at at time zone 'America/New_York')::date;
    update app.order_counts c set sent = c.sent - 1
      where c.account_id = old.account_id and c.day = of_day and c.sent > 0;
    if old.token_path is not null then
      update private.token_order_counts c set sent = c.sent - 1
        where c.account_id = old.account_id and c.token_id = any (old.token_path) and c.day = of_day and c.sent > 0;
    end if;
    return new;
  end if;
  of_day := (new.created_at at time zone 'America/New_York')::date;
  insert into app.order_counts as c (account_id, day, sent) values (new.account_id, of_day, 1)
    on conflict (account_id, day) do update set sent = c.sent + 1
    returning c.sent into sent_today;
  perform private.note_use(new.account_id, 'orders_per_day', sent_today, g.orders_per_day)
    from app.account_guards g where g.account_id = new.account_id and sent_today >= g.orders_per_day * 0.8;
  perform private.note_use(new.account_id, 'max_open_orders', app.open_order_count(new.account_id, new.replaces)
      + app.broker_order_count(new.action, new.order_class, new.alpaca_order_id, new.parent_alpaca_order_id), g.max_open_orders)
    from app.account_guards g where g.account_id = new.account_id and g.max_open_orders is not null;
  if new.token_path is not null then
    insert into private.token_order_counts as c (account_id, token_id, day, sent)
      select new.account_id, t, of_day, 1 from unnest(new.token_path) t
      on conflict (account_id, token_id, day) do update set sent = c.sent + 1;
  end if;
  return new;
end
$$;
