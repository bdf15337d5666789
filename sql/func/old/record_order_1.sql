-- Records an order as the broker describes it (Alpaca's own JSON), and says
-- whether that changed anything. An older description never overwrites a
-- newer one, in whatever order they come; its updated_at decides. An intent
-- takes the broker's order as its own by client_order_id; an order placed
-- elsewhere becomes a row here when the worker sees it.
create or replace function app.record_order(p_account uuid, o jsonb, p_request_id text default null,
  out recorded app.alpaca_orders, out changed boolean)
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  said_at timestamptz := coalesce((o->>'updated_at')::timestamptz, (o->>'created_at')::timestamptz);
begin
  changed := true;
  for attempt in 1 .. 3 loop
    update app.alpaca_orders t
      set intent_state = 'accepted',
          alpaca_order_id = (o->>'id')::uuid,
          symbol = coalesce(o->>'symbol', t.symbol),
          side = coalesce(nullif(o->>'side', ''), t.side),
          type = coalesce(o->>'type', o->>'order_type', t.type),
          time_in_force = coalesce(o->>'time_in_force', t.time_in_force),
          order_class = coalesce(o->>'order_class', t.order_class),
          qty = coalesce((o->>'qty')::numeric, t.qty),
          notional = coalesce((o->>'notional')::numeric, t.notional),
          limit_price = (o->>'limit_price')::numeric,
          stop_price = (o->>'stop_price')::numeric,
          extended_hours = coalesce((o->>'extended_hours')::boolean, t.extended_hours),
          status = o->>'status',
          status_message = null,
          filled_qty = coalesce((o->>'filled_qty')::numeric, 0),
          filled_avg_price = (o->>'filled_avg_price')::numeric,
          broker_request_id = coalesce(nullif(p_request_id, ''), t.broker_request_id),
          broker_updated_at = said_at,
          broker_order = o,
          submitted_at = (o->>'submitted_at')::timestamptz,
          filled_at = (o->>'filled_at')::timestamptz,
          canceled_at = (o->>'canceled_at')::timestamptz,
          updated_at = clock_timestamp()
      where t.account_id = p_account and t.client_order_id = o->>'client_order_id'
        and (t.broker_updated_at is null or t.broker_updated_at <= said_at)
        and t.broker_order is distinct from o
      returning t.* into recorded;
    if found then
      return;
    end if;

    select t.* into recorded from app.alpaca_orders t
      where t.account_id = p_account and t.client_order_id = o->>'client_order_id';
    if found then
      -- The stream may have told of the order before its own answer came, and
      -- only that answer has the id of its request.
      if recorded.broker_request_id is null and p_request_id <> '' then
        update app.alpaca_orders t set broker_request_id = p_request_id
          where t.account_id = p_account and t.id = recorded.id
          returning t.* into recorded;
      end if;
      changed := false;
      return;
    end if;

    insert into app.alpaca_orders as t (account_id, client_order_id, intent_state, symbol, side, type, time_in_force,
        order_class, qty, notional, limit_price, stop_price, extended_hours, alpaca_order_id, status, filled_qty,
        filled_avg_price, broker_request_id, broker_updated_at, broker_order, created_at, submitted_at, filled_at,
        canceled_at, updated_at)
      values (p_account, o->>'client_order_id', 'accepted', o->>'symbol', nullif(o->>'side', ''),
        coalesce(o->>'type', o->>'order_type'), o->>'time_in_force', coalesce(o->>'order_class', ''),
        (o->>'qty')::numeric, (o->>'notional')::numeric, (o->>'limit_price')::numeric, (o->>'stop_price')::numeric,
        coalesce((o->>'extended_hours')::boolean, false), (o->>'id')::uuid, o->>'status',
        coalesce((o->>'filled_qty')::numeric, 0), (o->>'filled_avg_price')::numeric, nullif(p_request_id, ''), said_at, o,
        coalesce((o->>'created_at')::timestamptz, now()), (o->>'submitted_at')::timestamptz,
        (o->>'filled_at')::timestamptz, (o->>'canceled_at')::timestamptz, clock_timestamp())
      on conflict do nothing
      returning t.* into recorded;
    if found then
      return;
    end if;
    -- Another transaction was first, and its row is there now.
  end loop;
  raise exception 'the broker''s order % is recorded under another client_order_id', o->>'id' using errcode = '23505';
end
$$;
