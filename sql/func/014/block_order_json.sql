-- Returns a block order as the API shows it, with those of its parts whose accounts whoever
-- is admitted may read now; null where there is none. under_way says whether a part waits to be
-- sent or is being sent: not one that waits for a person's word. Only definer functions call it.
create or replace function private.block_order_json(p_id uuid) returns jsonb
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  reach uuid[] := private.reach();
begin
  return (
    with parts as materialized (
      select p.*, case when p.job_id is null then 'none' else coalesce(p.state, j.state) end as now, o.id as order_id,
          private.block_part_json(p.account_id, p.sleeve_id, p.weight, p.equity, p.amount, p.in_dollars) as divided, o.status as order_status,
          o.intent_state, o.alpaca_order_id, o.filled_qty, o.filled_avg_price
        from private.block_order_parts p
        join private.usable_grants() g on g.account_id = p.account_id and g.user_id = who and (reach is null or p.account_id = any (reach))
        join app.user_accounts u on u.id = p.account_id and private.scopes_for_role(g.role, u.is_active) is not null
        left join app.jobs j on j.account_id = p.account_id and j.id = p.job_id
        left join app.alpaca_orders o on o.account_id = p.account_id and o.id = p.job_id
        where p.block_order_id = p_id)
    select jsonb_build_object('id', b.id, 'idempotency_key', b.idempotency_key, 'token_id', b.token_id, 'made_at', app.rfc3339(b.made_at),
        'order', b.request->'order', 'allocation', b.request->'allocation',
        'under_way', coalesce((select bool_or(p.now in ('waiting', 'running')) from parts p), false),
        'parts', (select coalesce(jsonb_agg(p.divided || jsonb_build_object('state', p.now, 'job_id', p.job_id, 'status', p.status, 'refusal', p.refusal,
            'order', case when p.order_id is not null then jsonb_build_object('id', p.order_id, 'alpaca_order_id', p.alpaca_order_id, 'status', p.order_status,
              'intent_state', p.intent_state, 'filled_qty', trim_scale(p.filled_qty)::text, 'filled_avg_price', trim_scale(p.filled_avg_price)::text) end)
            order by p.place), '[]') from parts p))
      from private.block_orders b where b.id = p_id);
end
$$;
