-- Records a page of the broker's list of old orders, with their legs, and returns how
-- many were added. What they filled is part of the account's positions since long, so
-- that this moves no position, and appends no event.
--
-- An order that is here stays as it is: the mirror has a description of it that is as
-- new as this one or newer. The exceptions say what the mirror does not know. A leg
-- gets the order that it belongs to, where a flat list has told of the leg alone; and
-- an order that was moved here from another program (private.imports) gets the
-- broker's description, which it never had.
--
-- Only orders that are over are taken. is_open says that there is another one that is
-- not known here: a reconciliation must record it, since it may fill. ours are the
-- broker's ids of those that may be intents whose answer was lost: they are recorded
-- as any such answer is.
create or replace function app.import_history_orders(p_account uuid, p_orders jsonb, out added integer, out is_open boolean, out ours text[])
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  bytes bigint;
begin
  with listed as materialized (
    -- What rows are looked up by are columns here: under row level security Postgres
    -- looks nothing up by an expression that could tell of rows, as ->> could.
    select distinct on (x.id) x.id, x.parent, x.o, x.o->>'client_order_id' as name, coalesce(x.parent, (x.o->>'replaces')::uuid) as belongs_to,
      app.is_ended(x.o->>'status') is true as ended
    from (
      select (o->>'id')::uuid as id, null::uuid as parent, o from jsonb_array_elements(p_orders) o
      union all
      select (leg->>'id')::uuid, (o->>'id')::uuid, leg
        from jsonb_array_elements(p_orders) o
        cross join jsonb_array_elements(case jsonb_typeof(o->'legs') when 'array' then o->'legs' end) leg
        where leg->>'client_order_id' <> '') x
    order by x.id, x.parent
  ), judged as materialized (
    select l.*, t.id as known, i.id as intent, n.id as namesake, row_number() over (partition by l.name order by l.id) as place
    from listed l
    -- Each row is looked up by itself (offset 0): merged into a join, all of the account's
    -- orders were read for each page.
    left join lateral (select t.id from app.alpaca_orders t where t.account_id = p_account and t.alpaca_order_id = l.id offset 0) t on true
    left join lateral (select n.id from app.alpaca_orders n where n.account_id = p_account and n.client_order_id = l.name
      and n.id is distinct from t.id offset 0) n on true
    left join lateral (select i.id from app.alpaca_orders i where i.account_id = p_account and i.id = n.id and t.id is null
      and i.alpaca_order_id is null and i.intent_state <> 'rejected' and app.matches_intent(i, l.o) offset 0) i on true
  ), made as (
    insert into app.alpaca_orders as t (account_id, client_order_id, submitted_by, orchestrator_agent_id, tag, intent_state, symbol,
        side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm,
        extended_hours, alpaca_order_id, status, filled_qty, filled_avg_price, parent_alpaca_order_id, replaces, replaced_by,
        broker_updated_at, broker_order, fills_awaited, created_at, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at)
      select p_account, case when l.namesake is null and l.place = 1 then l.name else l.id::text end,
        r.submitted_by, r.orchestrator_agent_id, r.tag, 'accepted',
        nullif(l.o->>'symbol', ''), nullif(l.o->>'side', ''), coalesce(nullif(l.o->>'type', ''), l.o->>'order_type'), l.o->>'time_in_force',
        coalesce(l.o->>'order_class', ''), nullif(l.o->>'position_intent', ''), (l.o->>'qty')::numeric, (l.o->>'notional')::numeric,
        (l.o->>'limit_price')::numeric, (l.o->>'stop_price')::numeric, (l.o->>'trail_price')::numeric, (l.o->>'trail_percent')::numeric,
        (l.o->>'hwm')::numeric, coalesce((l.o->>'extended_hours')::boolean, false), l.id, l.o->>'status', coalesce((l.o->>'filled_qty')::numeric, 0),
        (l.o->>'filled_avg_price')::numeric, l.parent, (l.o->>'replaces')::uuid, (l.o->>'replaced_by')::uuid,
        coalesce((l.o->>'updated_at')::timestamptz, (l.o->>'created_at')::timestamptz), l.o,
        coalesce((l.o->>'filled_qty')::numeric, 0) > 0 and coalesce(l.o->>'symbol', '') <> '' and coalesce(l.o->>'side', '') <> '',
        coalesce((l.o->>'created_at')::timestamptz, now()), (l.o->>'submitted_at')::timestamptz, (l.o->>'filled_at')::timestamptz,
        (l.o->>'canceled_at')::timestamptz, (l.o->>'expired_at')::timestamptz, (l.o->>'failed_at')::timestamptz,
        (l.o->>'replaced_at')::timestamptz, clock_timestamp()
      from judged l
      -- A leg and a replacement have the user, agent and tag of the order that they belong to.
      left join lateral (select r.submitted_by, r.orchestrator_agent_id, r.tag from app.alpaca_orders r
        where r.account_id = p_account and r.alpaca_order_id = l.belongs_to offset 0) r on true
      where l.ended and l.intent is null
      on conflict (account_id, alpaca_order_id) do update
        set symbol = excluded.symbol, side = excluded.side, type = excluded.type, time_in_force = excluded.time_in_force,
            order_class = excluded.order_class, position_intent = excluded.position_intent, qty = excluded.qty, notional = excluded.notional,
            limit_price = excluded.limit_price, stop_price = excluded.stop_price, trail_price = excluded.trail_price,
            trail_percent = excluded.trail_percent, hwm = excluded.hwm, extended_hours = excluded.extended_hours, status = excluded.status,
            filled_qty = excluded.filled_qty, filled_avg_price = excluded.filled_avg_price,
            parent_alpaca_order_id = excluded.parent_alpaca_order_id, replaces = excluded.replaces, replaced_by = excluded.replaced_by,
            broker_updated_at = excluded.broker_updated_at, broker_order = excluded.broker_order, fills_awaited = excluded.fills_awaited,
            submitted_at = excluded.submitted_at, filled_at = excluded.filled_at, canceled_at = excluded.canceled_at,
            expired_at = excluded.expired_at, failed_at = excluded.failed_at, replaced_at = excluded.replaced_at, updated_at = excluded.updated_at
        where t.import_id is not null and t.broker_updated_at is null
      returning t.broker_order
  ), legs as (
    update app.alpaca_orders t set parent_alpaca_order_id = (select l.parent from judged l where l.known = t.id and l.parent is not null limit 1)
      where t.account_id = p_account and t.id = any (array(select l.known from judged l where l.parent is not null and l.known is not null))
        and t.parent_alpaca_order_id is null and not (t.import_id is not null and t.broker_updated_at is null)
  )
  -- Of an order its answer is stored, and about as much again in columns and indexes.
  select count(*), coalesce(sum(2 * octet_length(m.broker_order::text) + 1000), 0),
      coalesce((select bool_or(not l.ended and l.known is null) from judged l), false),
      coalesce((select array_agg(l.id::text) from judged l where l.ended and l.intent is not null), '{}')
    into added, bytes, is_open, ours
    from made m;
  if bytes > 0 then
    perform private.count_history(bytes);
  end if;
end
$$;
