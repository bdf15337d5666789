-- Returns an account's guards as the API shows them, and how much of them is
-- used.
create or replace function app.guards_json(p_account uuid) returns jsonb
stable set search_path = pg_catalog, pg_temp
language sql as $$
  select jsonb_build_object(
    'switch', coalesce(g.switch, 'open'), 'switch_reason', g.switch_reason,
    'max_order_notional', g.max_order_notional::text, 'max_position_notional', g.max_position_notional::text,
    'max_position_qty', g.max_position_qty::text, 'max_open_orders', g.max_open_orders,
    'orders_per_minute', g.orders_per_minute, 'orders_per_day', g.orders_per_day, 'daily_loss_limit', g.daily_loss_limit::text,
    'max_drawdown', g.max_drawdown::text, 'max_refusals', g.max_refusals, 'heartbeat_seconds', g.heartbeat_seconds,
    'allowed_symbols', to_jsonb(g.allowed_symbols), 'allowed_sides', to_jsonb(g.allowed_sides),
    'buy_back_overshoot', coalesce(g.buy_back_overshoot, false),
    'approval_above', g.approval_above::text, 'approvals_needed', coalesce(g.approvals_needed, 1),
    'approval_seconds', coalesce(g.approval_seconds, 3600), 'four_eyes', coalesce(g.four_eyes, false),
    'updated_by', g.updated_by, 'updated_at', app.rfc3339(g.updated_at),
    'wind_down', (select app.wind_down_json(w) from app.wind_downs w where w.account_id = p_account order by w.state = 'running' desc, w.asked_at desc limit 1),
    'usage', jsonb_build_object(
      'orders_last_minute', app.orders_sent_since(p_account, clock_timestamp() - interval '1 minute'),
      'orders_today', app.orders_sent_today(p_account),
      'open_orders', app.open_order_count(p_account),
      'heartbeat_at', app.rfc3339(h.beaten_at),
      'heartbeat_holds_until', app.rfc3339(h.beaten_at + make_interval(secs => g.heartbeat_seconds)),
      'heartbeat_missing', g.heartbeat_seconds is not null and not app.is_beating(h.beaten_at, g.heartbeat_seconds),
      'high_water_mark', m.equity::text, 'high_water_mark_at', app.rfc3339(m.reached_at),
      'refusals_in_a_row', coalesce((select r.refusals from app.refusal_runs r where r.account_id = p_account), 0)))
  from (values (1)) one left join app.account_guards g on g.account_id = p_account
    left join app.heartbeats h on h.account_id = p_account
    left join app.high_water_marks m on m.account_id = p_account
$$;
