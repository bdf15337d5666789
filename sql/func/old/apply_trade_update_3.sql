-- Applies one trade update of the broker's stream: order, position, journal,
-- event and cursor together, or nothing. An update whose event_id the log has
-- already changes nothing and answers NULL; otherwise the answer is the event's
-- number.
create or replace function app.apply_trade_update(p_account uuid, u jsonb) returns bigint
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  o app.alpaca_orders;
  leg jsonb;
  seq bigint;
  traded boolean := u->>'event' in ('fill', 'partial_fill');
  price numeric := (u->>'price')::numeric;
  held numeric := (u->>'position_qty')::numeric;
  at timestamptz := coalesce((u->>'at')::timestamptz, (u->>'timestamp')::timestamptz, now());
  executed_at timestamptz := coalesce((u->>'timestamp')::timestamptz, at);
begin
  if exists (select from app.account_events e where e.account_id = p_account and e.broker_event_id = u->>'event_id') then
    return null;
  end if;

  select (r.recorded).* into o from app.record_order(p_account, u->'order', p_moves => false) r;

  -- A bust or correction says what is held as a fill does. What the order was
  -- filled with since, by an answer that came before this update, comes on top.
  if traded then
    held := held + (o.filled_qty - coalesce((u->'order'->>'filled_qty')::numeric, 0)) * case o.side when 'sell' then -1 else 1 end;
  end if;
  if held is not null and o.symbol is not null then
    insert into app.alpaca_positions as t (account_id, symbol, asset_class, qty, avg_entry_price, current_price, as_of)
      values (p_account, app.position_symbol(o.symbol), u->'order'->>'asset_class', held, price, price, at)
      on conflict (account_id, symbol) do update
        set qty = held, current_price = coalesce(price, t.current_price), as_of = at,
            market_value = held * coalesce(price, t.current_price),
            avg_entry_price = app.average_entry(t.qty, t.avg_entry_price, held - t.qty, price)
        where t.as_of <= at;
  end if;

  if traded or u->>'event' in ('trade_bust', 'trade_correct') then
    perform app.record_execution(p_account, o.id, u->>'event', u, executed_at);
    -- What an order of several legs executes, its legs do.
    for leg in select l from jsonb_array_elements(case jsonb_typeof(u->'legs') when 'array' then u->'legs' else '[]' end) l loop
      perform app.record_execution(p_account, t.id, u->>'event', leg, executed_at)
        from app.alpaca_orders t where t.account_id = p_account and t.alpaca_order_id = (leg->>'order_id')::uuid;
    end loop;
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
