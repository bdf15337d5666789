-- Records an order as the broker describes it (Alpaca's own JSON), with its
-- legs, and says whether that changed anything. An older description never
-- overwrites a newer one, in whatever order they come; its updated_at decides.
-- An intent takes the broker's order as its own by client_order_id; an order
-- placed elsewhere becomes a row here when the worker sees it.
--
-- With p_moves a change of the filled quantity moves the mirror's position at
-- once, unless that may know of it already, so that orders and positions never
-- tell two stories to a guard. A trade update moves the position by itself.
create or replace function app.record_order(p_account uuid, o jsonb, p_request_id text default null,
  p_parent uuid default null, p_moves boolean default true,
  out recorded app.alpaca_orders, out changed boolean)
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  said_at timestamptz := coalesce((o->>'updated_at')::timestamptz, (o->>'created_at')::timestamptz);
  filled numeric := coalesce((o->>'filled_qty')::numeric, 0);
  before app.alpaca_orders;
  kin app.alpaca_orders;
  leg jsonb;
begin
  changed := true;
  for attempt in 1 .. 3 loop
    select t.* into before from app.alpaca_orders t
      where t.account_id = p_account and t.client_order_id = o->>'client_order_id' for no key update;
    if found then
      update app.alpaca_orders t
        set intent_state = 'accepted',
            alpaca_order_id = (o->>'id')::uuid,
            symbol = coalesce(nullif(o->>'symbol', ''), t.symbol),
            side = coalesce(nullif(o->>'side', ''), t.side),
            type = coalesce(nullif(o->>'type', ''), o->>'order_type', t.type),
            time_in_force = coalesce(o->>'time_in_force', t.time_in_force),
            order_class = coalesce(o->>'order_class', t.order_class),
            position_intent = coalesce(nullif(o->>'position_intent', ''), t.position_intent),
            qty = coalesce((o->>'qty')::numeric, t.qty),
            notional = coalesce((o->>'notional')::numeric, t.notional),
            limit_price = (o->>'limit_price')::numeric,
            stop_price = (o->>'stop_price')::numeric,
            trail_price = (o->>'trail_price')::numeric,
            trail_percent = (o->>'trail_percent')::numeric,
            hwm = (o->>'hwm')::numeric,
            extended_hours = coalesce((o->>'extended_hours')::boolean, t.extended_hours),
            status = o->>'status',
            status_message = null,
            filled_qty = filled,
            filled_avg_price = (o->>'filled_avg_price')::numeric,
            parent_alpaca_order_id = coalesce(p_parent, t.parent_alpaca_order_id),
            replaces = coalesce((o->>'replaces')::uuid, t.replaces),
            replaced_by = (o->>'replaced_by')::uuid,
            broker_request_id = coalesce(nullif(p_request_id, ''), t.broker_request_id),
            broker_updated_at = said_at,
            -- A flat list gives no legs, which takes none away.
            broker_order = case when jsonb_typeof(o->'legs') = 'array' then o else o || jsonb_build_object('legs', t.broker_order->'legs') end,
            submitted_at = (o->>'submitted_at')::timestamptz,
            filled_at = (o->>'filled_at')::timestamptz,
            canceled_at = (o->>'canceled_at')::timestamptz,
            expired_at = (o->>'expired_at')::timestamptz,
            failed_at = (o->>'failed_at')::timestamptz,
            replaced_at = (o->>'replaced_at')::timestamptz,
            updated_at = clock_timestamp()
        where t.account_id = p_account and t.id = before.id
          and (t.broker_updated_at is null or t.broker_updated_at <= said_at)
          and (t.broker_order - 'legs' is distinct from o - 'legs' or t.parent_alpaca_order_id is null and p_parent is not null)
        returning t.* into recorded;
      exit when found;
      recorded := before;
      -- The stream may have told of the order before its own answer came, and
      -- only that answer has the id of its request.
      if recorded.broker_request_id is null and p_request_id <> '' then
        update app.alpaca_orders t set broker_request_id = p_request_id
          where t.account_id = p_account and t.id = recorded.id
          returning t.* into recorded;
      end if;
      changed := false;
      exit;
    end if;

    -- A leg, and what replaces an order, are whoever's that order was.
    select t.* into kin from app.alpaca_orders t
      where t.account_id = p_account and t.alpaca_order_id = coalesce(p_parent, (o->>'replaces')::uuid);
    insert into app.alpaca_orders as t (account_id, client_order_id, submitted_by, orchestrator_agent_id, tag, intent_state, symbol,
        side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm,
        extended_hours, alpaca_order_id, status, filled_qty, filled_avg_price, parent_alpaca_order_id, replaces, replaced_by, broker_request_id,
        broker_updated_at, broker_order, created_at, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at)
      values (p_account, o->>'client_order_id', kin.submitted_by, kin.orchestrator_agent_id, kin.tag, 'accepted',
        nullif(o->>'symbol', ''), nullif(o->>'side', ''), coalesce(nullif(o->>'type', ''), o->>'order_type'), o->>'time_in_force',
        coalesce(o->>'order_class', ''), nullif(o->>'position_intent', ''), (o->>'qty')::numeric, (o->>'notional')::numeric, (o->>'limit_price')::numeric,
        (o->>'stop_price')::numeric, (o->>'trail_price')::numeric, (o->>'trail_percent')::numeric, (o->>'hwm')::numeric,
        coalesce((o->>'extended_hours')::boolean, false), (o->>'id')::uuid, o->>'status', filled,
        (o->>'filled_avg_price')::numeric, p_parent, (o->>'replaces')::uuid, (o->>'replaced_by')::uuid,
        nullif(p_request_id, ''), said_at, o, coalesce((o->>'created_at')::timestamptz, now()),
        (o->>'submitted_at')::timestamptz, (o->>'filled_at')::timestamptz, (o->>'canceled_at')::timestamptz,
        (o->>'expired_at')::timestamptz, (o->>'failed_at')::timestamptz, (o->>'replaced_at')::timestamptz, clock_timestamp())
      on conflict do nothing
      returning t.* into recorded;
    exit when found;
    -- Another transaction was first, and its row is there now.
    if attempt = 3 then
      raise exception 'the broker''s order % is recorded under another client_order_id', o->>'id' using errcode = '23505';
    end if;
  end loop;

  if changed and p_moves and filled <> coalesce(before.filled_qty, 0) then
    perform app.move_position(p_account, recorded.symbol, o->>'asset_class',
      (filled - coalesce(before.filled_qty, 0)) * case recorded.side when 'sell' then -1 else 1 end,
      (filled * recorded.filled_avg_price - coalesce(before.filled_qty * before.filled_avg_price, 0))
        / (filled - coalesce(before.filled_qty, 0)),
      said_at);
  end if;

  if jsonb_typeof(o->'legs') = 'array' then
    -- A leg of a multi-leg order is no order of its own where it has no id.
    for leg in select l from jsonb_array_elements(o->'legs') l where l->>'client_order_id' <> '' loop
      perform app.record_order(p_account, leg, null, recorded.alpaca_order_id, p_moves);
    end loop;
  end if;
end
$$;
