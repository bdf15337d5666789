-- Returns the broker's own list of orders as the mirror would show it, without
-- writing any of it: the broker's fields, and those that only Paddock has. An
-- order that the mirror lacks has the broker's id as its id until it is
-- recorded. If the mirror knows as much as the list or more, its row is
-- returned. p_parent is the order whose legs these are.
create or replace function app.orders_from_broker_json(p_account uuid, p_orders jsonb, p_parent uuid default null) returns setof app.alpaca_orders
stable
language sql as $$
  select r.* from jsonb_array_elements(p_orders) o
  cross join lateral (select coalesce(
    (select a.id from app.alpaca_orders a where a.account_id = p_account and a.alpaca_order_id = (o->>'id')::uuid),
    (select c.id from app.alpaca_orders c where c.account_id = p_account and c.client_order_id = o->>'client_order_id'
      and c.alpaca_order_id is null and c.intent_state <> 'rejected' and app.matches_intent(c, o))) as id offset 0) known
  left join app.alpaca_orders t on t.account_id = p_account and t.id = known.id
  cross join lateral jsonb_populate_record(t, case
    when t.broker_updated_at >= coalesce((o->>'updated_at')::timestamptz, (o->>'created_at')::timestamptz) then '{}'
    else jsonb_build_object(
    'account_id', p_account,
    'id', coalesce(t.id, (o->>'id')::uuid),
    'alpaca_order_id', o->'id',
    'client_order_id', o->'client_order_id',
    'intent_state', 'accepted',
    'action', coalesce(t.action, 'place'),
    'symbol', coalesce(nullif(o->>'symbol', ''), t.symbol),
    'side', coalesce(nullif(o->>'side', ''), t.side),
    'type', coalesce(nullif(o->>'type', ''), o->>'order_type'),
    'time_in_force', o->'time_in_force',
    'order_class', coalesce(o->>'order_class', ''),
    'position_intent', coalesce(nullif(o->>'position_intent', ''), t.position_intent),
    'qty', o->'qty',
    'notional', o->'notional',
    'limit_price', o->'limit_price',
    'stop_price', o->'stop_price',
    'trail_price', o->'trail_price',
    'trail_percent', o->'trail_percent',
    'hwm', o->'hwm',
    'extended_hours', coalesce((o->>'extended_hours')::boolean, false))
    || jsonb_build_object(
    'filled_qty', coalesce(o->>'filled_qty', '0'),
    'filled_avg_price', o->'filled_avg_price',
    'status', o->'status',
    'status_message', null,
    'parent_alpaca_order_id', coalesce(t.parent_alpaca_order_id, p_parent),
    'replaces', o->'replaces',
    'replaced_by', o->'replaced_by',
    'broker_order', o,
    'others', app.other_order_fields(o),
    'created_at', coalesce(t.created_at, (o->>'created_at')::timestamptz, now()),
    'submitted_at', o->'submitted_at',
    'filled_at', o->'filled_at',
    'canceled_at', o->'canceled_at',
    'expired_at', o->'expired_at',
    'failed_at', o->'failed_at',
    'replaced_at', o->'replaced_at',
    'updated_at', coalesce((o->>'updated_at')::timestamptz, t.updated_at, now())) end) r
  where o->>'client_order_id' <> ''  -- without an id, a leg of a multi-leg order is not an order of its own
$$;
