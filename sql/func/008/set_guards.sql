-- Sets all limits of the account; one that is missing or null is no limit.
-- Symbols are kept in the form that orders have. PD419: more is let through on a live
-- account, which takes a step-up. PD457: it is on one with four eyes, which takes another's
-- word. PD458: four eyes are asked for where nobody else may approve.
create or replace function private.set_guards(p_limits jsonb) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('setting guards', 'manage');
  before app.account_guards;
begin
  if jsonb_typeof(p_limits) is distinct from 'object' then
    raise exception 'the limits must be an object' using errcode = '22023';
  end if;
  if jsonb_typeof(p_limits->'allowed_symbols') = 'array' then
    p_limits := jsonb_set(p_limits, '{allowed_symbols}', (select coalesce(jsonb_agg(app.order_symbol(s) order by n), '[]')
      from jsonb_array_elements_text(p_limits->'allowed_symbols') with ordinality a (s, n)));
  end if;
  perform private.lock_event_log();
  select g.* into before from app.account_guards g where g.account_id = account;
  if private.let_more_through(before, jsonb_populate_record(null::app.account_guards, p_limits)) then
    perform private.require_step_up();
    perform private.require_approval('guards', p_limits);
  end if;
  if (p_limits->>'four_eyes')::boolean and not exists (select from private.usable_grants() g
      where g.account_id = account and g.user_id <> private.user_id() and private.may_approve(account, g.user_id)) then
    raise exception 'nobody else could approve anything' using errcode = 'PD458';
  end if;
  insert into app.account_guards as g (account_id, max_order_notional, max_position_notional, max_position_qty, max_open_orders,
      orders_per_minute, orders_per_day, daily_loss_limit, max_drawdown, max_refusals, heartbeat_seconds, allowed_symbols, allowed_sides, buy_back_overshoot,
      approval_above, approvals_needed, approval_seconds, four_eyes, updated_by)
    select account, l.max_order_notional, l.max_position_notional, l.max_position_qty, l.max_open_orders,
      l.orders_per_minute, l.orders_per_day, l.daily_loss_limit, l.max_drawdown, l.max_refusals, l.heartbeat_seconds, l.allowed_symbols, l.allowed_sides,
      coalesce(l.buy_back_overshoot, false), l.approval_above, l.approvals_needed, l.approval_seconds, coalesce(l.four_eyes, false), private.user_id()
    from jsonb_populate_record(null::app.account_guards, p_limits) l
    on conflict (account_id) do update
      set max_order_notional = excluded.max_order_notional, max_position_notional = excluded.max_position_notional,
          max_position_qty = excluded.max_position_qty, max_open_orders = excluded.max_open_orders,
          orders_per_minute = excluded.orders_per_minute, orders_per_day = excluded.orders_per_day,
          daily_loss_limit = excluded.daily_loss_limit, max_drawdown = excluded.max_drawdown, max_refusals = excluded.max_refusals,
          heartbeat_seconds = excluded.heartbeat_seconds, allowed_symbols = excluded.allowed_symbols,
          allowed_sides = excluded.allowed_sides, buy_back_overshoot = excluded.buy_back_overshoot,
          approval_above = excluded.approval_above, approvals_needed = excluded.approvals_needed, approval_seconds = excluded.approval_seconds,
          four_eyes = excluded.four_eyes, updated_by = excluded.updated_by, updated_at = now();
  perform private.audit(account, 'guards.change', p_limits);
  perform private.append_event('guard', jsonb_build_object('event', 'changed', 'limits', p_limits));
end
$$;
