-- Applies one trade update of the broker's stream: order, position, event and
-- cursor together, or nothing. An update whose event_id the log has already
-- changes nothing and answers NULL; otherwise the answer is the event's number.
create or replace function app.apply_trade_update(p_account uuid, u jsonb) returns bigint
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  o app.alpaca_orders;
  seq bigint;
  traded boolean := u->>'event' in ('fill', 'partial_fill');
  price numeric := (u->>'price')::numeric;
  moved numeric := (u->>'qty')::numeric * case when u->'order'->>'side' = 'sell' then -1 else 1 end;
  held numeric := (u->>'position_qty')::numeric;
  at timestamptz := coalesce((u->>'at')::timestamptz, (u->>'timestamp')::timestamptz, now());
begin
  if exists (select from app.account_events e where e.account_id = p_account and e.broker_event_id = u->>'event_id') then
    return null;
  end if;

  select (r.recorded).* into o from app.record_order(p_account, u->'order') r;

  if traded and held is not null then
    if held = 0 then
      delete from app.alpaca_positions t where t.account_id = p_account and t.symbol = o.symbol and t.as_of <= at;
    else
      -- Until the broker's own list comes: an increase averages its price in,
      -- a decrease keeps the average, a reversal starts from its own price.
      insert into app.alpaca_positions as t (account_id, symbol, asset_class, qty, avg_entry_price, current_price, as_of)
        values (p_account, o.symbol, u->'order'->>'asset_class', held, price, price, at)
        on conflict (account_id, symbol) do update
          set qty = held, current_price = price, as_of = at,
              market_value = held * price,
              avg_entry_price = case
                when sign(t.qty) <> sign(held) then price
                when abs(held) > abs(t.qty) then (t.qty * t.avg_entry_price + moved * price) / nullif(t.qty + moved, 0)
                else t.avg_entry_price end
          where t.as_of <= at;
    end if;
  end if;

  seq := private.append_event('order', jsonb_build_object(
    'event', u->>'event',
    'order', app.order_json(o),
    'execution', case when traded then jsonb_build_object(
      'id', u->>'execution_id', 'qty', u->>'qty', 'price', u->>'price', 'at', app.rfc3339(at)) end,
    'position_qty', u->>'position_qty'), u->>'event_id');

  insert into app.stream_cursors as c (account_id, last_event_id) values (p_account, u->>'event_id')
    on conflict (account_id) do update set last_event_id = excluded.last_event_id, updated_at = now()
    where c.last_event_id is null or c.last_event_id < excluded.last_event_id;
  return seq;
end
$$;
