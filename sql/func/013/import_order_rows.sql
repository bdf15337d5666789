-- Takes a batch of an import's orders. Returns those that were refused, as a JSON
-- array. Each is an order that the broker has or that is over, so that nothing
-- waits for an answer, no guard is asked, and no event is made. The broker's own
-- description of it, whenever that comes, is newer in any case: broker_updated_at
-- stays null.
create or replace function private.import_order_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  with r as materialized (
    select r.*, app.import_row_id(p_account, 'alpaca_orders', r.id, r.key) as row_id,
      row_number() over (partition by app.import_row_id(p_account, 'alpaca_orders', r.id, r.key)) as nth
    from jsonb_to_recordset(p_rows) r (key text, id text, client_order_id text, alpaca_order_id uuid, symbol text, side text, type text,
      time_in_force text, order_class text, position_intent text, qty numeric, notional numeric, limit_price numeric, stop_price numeric,
      trail_price numeric, trail_percent numeric, hwm numeric, extended_hours boolean, filled_qty numeric, filled_avg_price numeric,
      status text, parent_alpaca_order_id uuid, replaces uuid, replaced_by uuid, orchestrator_agent_id text, tag text, submitted_by text,
      broker_order text, created_at timestamptz, submitted_at timestamptz, filled_at timestamptz, canceled_at timestamptz,
      expired_at timestamptz, failed_at timestamptz, replaced_at timestamptz, updated_at timestamptz)
  ), judged as materialized (
    select r.*, case
        when r.symbol is null and r.order_class is distinct from 'mleg' then 'it has no symbol'
        when r.side is null and r.order_class is distinct from 'mleg' then 'it has no side'
        when r.status is null then 'it has no status'
        when not app.is_ended(r.status) and r.status not in ('new', 'partially_filled', 'done_for_day', 'pending_cancel', 'pending_replace',
            'pending_new', 'accepted', 'accepted_for_bidding', 'stopped', 'suspended', 'calculated', 'held', 'pending_review')
          then 'its status "' || left(r.status, 40) || '" is none of Alpaca''s: say in the mapping what it means'
        when r.alpaca_order_id is null and not app.is_ended(r.status)
          then 'it is not over and has no id of Alpaca''s, so that nobody can tell what became of it: if it was placed, Alpaca''s own list will bring it'
        when coalesce(r.created_at, r.submitted_at) is null then 'it has no time at which it was made'
        when r.nth > 1 then 'another row of the source has its id'
      end as fault
    from r
  ), made as (
    insert into app.alpaca_orders (account_id, id, import_id, client_order_id, intent_state, submitted_by, orchestrator_agent_id, tag, symbol,
        side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm,
        extended_hours, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status, filled_qty, filled_avg_price, broker_order,
        created_at, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at)
      select p_account, j.row_id, p_import, coalesce(j.client_order_id, j.alpaca_order_id::text, j.row_id::text),
        case when j.status = 'rejected' and j.alpaca_order_id is null then 'rejected' else 'accepted' end,
        j.submitted_by, j.orchestrator_agent_id, j.tag, app.order_symbol(j.symbol), j.side, j.type, j.time_in_force,
        coalesce(j.order_class, ''), j.position_intent, j.qty, j.notional, j.limit_price, j.stop_price, j.trail_price, j.trail_percent,
        j.hwm, coalesce(j.extended_hours, false), j.alpaca_order_id, j.parent_alpaca_order_id, j.replaces, j.replaced_by, j.status,
        coalesce(j.filled_qty, 0), j.filled_avg_price, j.broker_order::jsonb, coalesce(j.created_at, j.submitted_at), j.submitted_at, j.filled_at,
        j.canceled_at, j.expired_at, j.failed_at, j.replaced_at, coalesce(j.updated_at, j.created_at, j.submitted_at)
      from judged j where j.fault is null
      on conflict do nothing returning id
  )
  select jsonb_agg(jsonb_build_object('key', j.key, 'reason', coalesce(j.fault,
      'an order with its id, its client_order_id or its alpaca_order_id is here already')))
    from judged j left join made m on m.id = j.row_id where j.fault is not null or m.id is null
$$;
