-- Records an order as the broker describes it (Alpaca's own JSON), with its
-- legs, and returns its row and whether that changed anything.
--
-- Of two descriptions the one with the later updated_at, by the broker's clock,
-- is newer. That clock may be set back. So a description which says that an
-- order that is open here has ended, or has filled more, is newer in any case:
-- neither is ever undone, except by a bust or a correction: an answer that was on
-- its way while the clock was set back has a later time than what was told since.
-- p_takes_back says that this description may contain one: such updates of the
-- stream do, and lists that are read by REST may, of what was written here before they
-- were asked for. An order that is over opens again by that alone.
--
-- p_sent_at is when the broker sent this, by its own clock, and p_age is how
-- long before this transaction it was asked for, whatever the transaction waited
-- for since. If our row was written before that, but has a
-- later time of the broker's than p_sent_at, the broker's clock was set back in
-- between. Then its times say nothing, and this description is newer, because
-- it was sent later. The clock may be right again by now: so a description that
-- was asked for more than a minute after our row was written is newer in any
-- case. No answer takes that long.
--
-- An intent becomes the broker's order of the same client_order_id if that is
-- what was sent (app.matches_intent) and the intent was not rejected. Any other
-- order was placed elsewhere and becomes a row of its own; where an intent has
-- its client_order_id, the row has the broker's id in place of that.
--
-- Each change of the filled quantity changes the mirror's position by as much
-- in the same transaction, so that each fill counts once, whoever reports it. A
-- change that a list of positions had before is not counted again.
create or replace function app.record_order(p_account uuid, o jsonb, p_request_id text default null,
  p_parent uuid default null, p_takes_back boolean default false,
  p_sent_at timestamptz default null, p_age interval default null,
  out recorded app.alpaca_orders, out changed boolean)
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  said_at timestamptz := coalesce((o->>'updated_at')::timestamptz, (o->>'created_at')::timestamptz);
  asked_at timestamptz := now() - p_age; -- by Postgres' clock
  filled numeric := coalesce((o->>'filled_qty')::numeric, 0);
  ended boolean := coalesce(app.is_ended(o->>'status'), false);
  name text := o->>'client_order_id';
  moved numeric;
  shift numeric; -- of the position
  was_known boolean;
  before app.alpaca_orders;
  parent app.alpaca_orders;
  leg jsonb;
begin
  changed := true;
  for attempt in 1 .. 3 loop
    select t.* into before from app.alpaca_orders t
      where t.account_id = p_account and t.alpaca_order_id = (o->>'id')::uuid for no key update;
    if not found then
      select t.* into before from app.alpaca_orders t
        where t.account_id = p_account and t.client_order_id = o->>'client_order_id' for no key update;
      if found and (before.alpaca_order_id is not null or before.intent_state = 'rejected' or not app.matches_intent(before, o)) then
        before := null;
        name := o->>'id';
      end if;
    end if;
    if before.id is not null then
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
            -- A list that is not nested has no legs: those that are known stay.
            broker_order = case when jsonb_typeof(o->'legs') = 'array' then o else o || jsonb_build_object('legs', t.broker_order->'legs') end,
            submitted_at = (o->>'submitted_at')::timestamptz,
            filled_at = (o->>'filled_at')::timestamptz,
            canceled_at = (o->>'canceled_at')::timestamptz,
            expired_at = (o->>'expired_at')::timestamptz,
            failed_at = (o->>'failed_at')::timestamptz,
            replaced_at = (o->>'replaced_at')::timestamptz,
            taken_back = t.taken_back or p_takes_back and filled < t.filled_qty,
            updated_at = clock_timestamp()
        where t.account_id = p_account and t.id = before.id
          and (t.broker_updated_at is null
            or t.broker_updated_at <= said_at and (filled >= t.filled_qty and (ended or not app.is_ended(t.status)) or p_takes_back and filled < t.filled_qty and (asked_at is null or t.updated_at < asked_at))
            or t.updated_at < asked_at and t.broker_updated_at > p_sent_at + interval '2 seconds'
            or t.updated_at < asked_at - interval '1 minute'
            or not t.taken_back and not app.is_ended(t.status)
              and (filled > t.filled_qty or filled = t.filled_qty and ended))
          and (t.broker_order - 'legs' is distinct from o - 'legs' or t.parent_alpaca_order_id is null and p_parent is not null)
        returning t.* into recorded;
      exit when found;
      recorded := before;
      -- The stream may have reported the order before the answer to its request
      -- came, and only that answer has the request's id.
      if recorded.broker_request_id is null and p_request_id <> '' then
        update app.alpaca_orders t set broker_request_id = p_request_id
          where t.account_id = p_account and t.id = recorded.id
          returning t.* into recorded;
      end if;
      changed := false;
      exit;
    end if;

    -- A leg and a replacement have the user, agent and tag of the order that they
    -- belong to.
    select t.* into parent from app.alpaca_orders t
      where t.account_id = p_account and t.alpaca_order_id = case when p_parent is null then (o->>'replaces')::uuid else p_parent end;
    insert into app.alpaca_orders as t (account_id, client_order_id, submitted_by, orchestrator_agent_id, tag, intent_state, symbol,
        side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm,
        extended_hours, alpaca_order_id, status, filled_qty, filled_avg_price, parent_alpaca_order_id, replaces, replaced_by, broker_request_id,
        broker_updated_at, broker_order, created_at, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at)
      values (p_account, name, parent.submitted_by, parent.orchestrator_agent_id, parent.tag, 'accepted',
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
    -- Another transaction inserted it first: try again, with its row.
    if attempt = 3 then
      raise exception 'the broker''s order % is recorded under another client_order_id', o->>'id' using errcode = '23505';
    end if;
  end loop;

  if before.intent_state in ('unknown', 'dismissed', 'unsent') and recorded.intent_state = 'accepted' and not recorded.reduce_only then
    perform private.wind_down_late_order(recorded.id);
  end if;

  moved := filled - coalesce(before.filled_qty, 0);
  if changed and moved <> 0 then
    if recorded.symbol is not null then
      shift := moved * case recorded.side when 'sell' then -1 else 1 end;
      was_known := coalesce(before.intent_state, '') in ('submitting', 'accepted');
      if not was_known and exists (select from app.alpaca_positions p
          where p.account_id = p_account and p.symbol = app.position_symbol(recorded.symbol) and p.read_alone) then
        -- The position was read without its orders, and may include this.
        update app.alpaca_positions p set uncounted = p.uncounted - shift
          where p.account_id = p_account and p.symbol = app.position_symbol(recorded.symbol);
        perform app.doubt_mirror(p_account);
      else
        -- A list of positions may include what was taken back, or an order that
        -- was not known: no list of orders that was read around it had it.
        if moved < 0 or not was_known then
          shift := shift - app.take_uncounted(p_account, recorded.symbol, shift);
        end if;
        perform app.apply_fill_to_position(p_account, recorded.symbol, o->>'asset_class', shift,
          (filled * recorded.filled_avg_price - coalesce(before.filled_qty * before.filled_avg_price, 0)) / moved, said_at);
      end if;
      if moved > 0 then
        perform app.find_overshoots(recorded, moved, recorded.side, coalesce(recorded.filled_at, recorded.broker_updated_at));
      else -- an execution was taken back: it was as if as much was traded on the other side
        perform app.find_overshoots(recorded, -moved, case recorded.side when 'sell' then 'buy' else 'sell' end, recorded.broker_updated_at);
      end if;
    elsif jsonb_typeof(recorded.broker_order->'legs') = 'array' then
      -- A leg without an id is not an order of its own: it fills as its order does.
      for leg in select l from jsonb_array_elements(recorded.broker_order->'legs') l where coalesce(l->>'client_order_id', '') = '' loop
        perform app.apply_fill_to_position(p_account, leg->>'symbol', leg->>'asset_class',
          moved * coalesce((leg->>'ratio_qty')::numeric, 1) * case when coalesce(leg->>'side', split_part(leg->>'position_intent', '_', 1)) = 'sell' then -1 else 1 end,
          null, said_at);
      end loop;
    else
      perform app.doubt_mirror(p_account); -- without legs nobody knows which positions it changed
    end if;
  end if;

  if jsonb_typeof(o->'legs') = 'array' then
    -- Without an id, a leg of a multi-leg order is not an order of its own.
    for leg in select l from jsonb_array_elements(o->'legs') l where l->>'client_order_id' <> '' loop
      perform app.record_order(p_account, leg, null, recorded.alpaca_order_id, p_takes_back, p_sent_at, p_age);
    end loop;
  end if;
end
$$;
