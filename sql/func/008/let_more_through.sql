-- Reports whether limits let something through that others did not: one was raised or
-- removed, or symbols or sides were added. No longer to buy back what a closing overshot
-- counts as well.
create or replace function private.let_more_through(p_before app.account_guards, p_after app.account_guards) returns boolean
immutable
language sql
return p_before.max_order_notional is not null and coalesce(p_after.max_order_notional > p_before.max_order_notional, true)
  or p_before.max_position_notional is not null and coalesce(p_after.max_position_notional > p_before.max_position_notional, true)
  or p_before.max_position_qty is not null and coalesce(p_after.max_position_qty > p_before.max_position_qty, true)
  or p_before.max_open_orders is not null and coalesce(p_after.max_open_orders > p_before.max_open_orders, true)
  or p_before.orders_per_minute is not null and coalesce(p_after.orders_per_minute > p_before.orders_per_minute, true)
  or p_before.orders_per_day is not null and coalesce(p_after.orders_per_day > p_before.orders_per_day, true)
  or p_before.daily_loss_limit is not null and coalesce(p_after.daily_loss_limit > p_before.daily_loss_limit, true)
  or p_before.max_drawdown is not null and coalesce(p_after.max_drawdown > p_before.max_drawdown, true)
  or p_before.max_refusals is not null and coalesce(p_after.max_refusals > p_before.max_refusals, true)
  or p_before.heartbeat_seconds is not null and coalesce(p_after.heartbeat_seconds > p_before.heartbeat_seconds, true)
  or p_before.allowed_symbols is not null and coalesce(not p_after.allowed_symbols <@ p_before.allowed_symbols, true)
  or p_before.allowed_sides is not null and coalesce(not p_after.allowed_sides <@ p_before.allowed_sides, true)
  or p_before.approval_above is not null and coalesce(p_after.approval_above > p_before.approval_above, true)
  or coalesce(p_before.approvals_needed, 1) > coalesce(p_after.approvals_needed, 1)
  or coalesce(p_before.four_eyes, false) and not coalesce(p_after.four_eyes, false)
  or coalesce(p_before.buy_back_overshoot, false) and not coalesce(p_after.buy_back_overshoot, false);
