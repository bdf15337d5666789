-- Applies one trade update of the broker's stream: order, position, journal,
-- event and cursor in one transaction. Returns the event's number. If the log
-- has an event of this event_id already, it changes nothing and returns NULL.
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
  counted numeric;
  counted_until timestamptz;
  at timestamptz := coalesce((u->>'at')::timestamptz, (u->>'timestamp')::timestamptz, now());
  executed_at timestamptz := coalesce((u->>'timestamp')::timestamptz, at);
begin
  if exists (select from app.account_events e where e.account_id = p_account and e.broker_event_id = u->>'event_id') then
    return null;
  end if;

  select (r.recorded).* into o
    from app.record_order(p_account, u->'order', p_takes_back => u->>'event' in ('trade_bust', 'trade_correct')) r;

  if u->>'event' in ('trade_bust', 'trade_correct') and not o.taken_back then
    update app.alpaca_orders t set taken_back = true where t.account_id = p_account and t.id = o.id;
  end if;

  -- A closing's fill says which position it left behind, whatever the clocks say and
  -- whatever else is known of by now.
  if traded and held is not null and o.reduce_only then
    perform app.record_overshoot(t, least(t.filled_qty, case t.side when 'sell' then -held else held end) - t.overshot_qty)
      from app.alpaca_orders t where t.account_id = p_account and t.id = o.id;
  end if;

  -- The position that the broker reports must be the one that is counted here.
  -- If it is not, an update was missed, and the mirror is in doubt. An update
  -- that is older than the newest one counted proves nothing.
  if held is not null and o.symbol is not null then
    select p.qty, p.counted_until into counted, counted_until from app.alpaca_positions p
      where p.account_id = p_account and p.symbol = app.position_symbol(o.symbol);
    if exists (select from app.stream_cursors c where c.account_id = p_account and c.agreed_at is not null) then
      if coalesce(counted, 0) <> held and coalesce(counted_until <= coalesce((u->'order'->>'updated_at')::timestamptz, at), true) then
        perform app.doubt_mirror(p_account);
      end if;
    else
      -- Positions have not been read yet: until then the newest update's are kept.
      insert into app.alpaca_positions as t (account_id, symbol, asset_class, qty, avg_entry_price, current_price, as_of, counted_until)
        values (p_account, app.position_symbol(o.symbol), u->'order'->>'asset_class', held, price, price, clock_timestamp(), at)
        on conflict (account_id, symbol) do update
          set qty = held, current_price = coalesce(price, t.current_price), as_of = excluded.as_of, counted_until = at,
              market_value = held * coalesce(price, t.current_price), moves = t.moves + 1,
              avg_entry_price = app.average_entry(t.qty, t.avg_entry_price, held - t.qty, price)
          where t.counted_until is null or t.counted_until <= at;
    end if;
  end if;

  if traded or u->>'event' in ('trade_bust', 'trade_correct') then
    perform app.record_execution(p_account, o.id, u->>'event', u, executed_at);
    -- The executions of a multi-leg order are those of its legs.
    for leg in select l from jsonb_array_elements(case jsonb_typeof(u->'legs') when 'array' then u->'legs' else '[]' end) l loop
      perform app.record_execution(p_account, t.id, u->>'event', leg, executed_at)
        from app.alpaca_orders t where t.account_id = p_account and t.alpaca_order_id = (leg->>'order_id')::uuid;
    end loop;
  end if;

  perform private.raise_sleeve_marks();
  seq := private.append_event('order', jsonb_build_object(
    'event', u->>'event',
    'order', app.order_json(o),
    'execution', case when traded then jsonb_build_object(
      'id', u->>'execution_id', 'qty', u->>'qty', 'price', u->>'price', 'at', app.rfc3339(at)) end,
    'position_qty', u->>'position_qty'), u->>'event_id');

  perform app.advance_stream_cursor(p_account, u->>'event_id');
  return seq;
end
$$;
