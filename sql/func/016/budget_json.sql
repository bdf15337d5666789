-- Returns what the admitted user, or the API token, may still do on an account, in one
-- read: its scopes, the limits that hold (of the account, of the token and of those of
-- which it was made, the tightest of each), what is left of those that are used up, the
-- cash of its sleeve, and what stops it now. The sleeve is the token's, or else p_sleeve.
-- In "left" NULL is no limit, or in "daily_loss" and "drawdown" nothing that is known
-- yet; as_of says of when the broker's figures are.
--
-- It decides nothing: app.check_guards does, for each order and under the log's lock.
create or replace function app.budget_json(p_account uuid, p_sleeve uuid default null) returns jsonb
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  g app.account_guards;
  t app.account_guards; -- the token's limits
  minute bigint;
  today bigint;
  open_orders bigint;
  stops jsonb := '[]';
  beaten_at timestamptz;
  token uuid := private.token_id();
begin
  select a.* into g from app.account_guards a where a.account_id = p_account;
  if g.orders_per_minute is not null then
    minute := g.orders_per_minute - app.orders_sent_since(p_account, clock_timestamp() - interval '1 minute');
  end if;
  if g.orders_per_day is not null then
    today := g.orders_per_day - app.orders_sent_today(p_account);
  end if;
  if g.heartbeat_seconds is not null then
    select h.beaten_at into beaten_at from app.heartbeats h where h.account_id = p_account;
    stops := app.missed_heartbeat('This account', g.heartbeat_seconds, beaten_at);
  end if;
  if token is not null then
    t := private.token_limits();
    g := app.tightest(g, t);
    g.orders_per_minute := least(g.orders_per_minute, t.orders_per_minute);
    g.orders_per_day := least(g.orders_per_day, t.orders_per_day);
    g.heartbeat_seconds := least(g.heartbeat_seconds, t.heartbeat_seconds);
    g.max_refusals := least(g.max_refusals, t.max_refusals);
    select least(minute, min(p.orders_per_minute - case when p.orders_per_minute is not null
          then app.orders_sent_by_token(p_account, p.token_id, clock_timestamp() - interval '1 minute') end)),
        least(today, min(p.orders_per_day - p.sent_today))
      into minute, today from private.token_paces(p_account) p;
    stops := stops || private.token_stops(p_account);
  end if;
  -- greatest(null, 0) would be 0, and no limit nothing left.
  minute := case when minute < 0 then 0 else minute end;
  today := case when today < 0 then 0 else today end;
  if g.max_open_orders is not null then
    open_orders := greatest(g.max_open_orders - app.open_order_count(p_account), 0);
  end if;
  return (select jsonb_build_object(
    'account', jsonb_build_object('id', u.id, 'name', u.name, 'environment', u.environment, 'is_active', u.is_active),
    'scopes', (select jsonb_agg(s) from unnest(array['read', 'trade', 'cancel', 'log', 'approve', 'manage']) s where private.has_scope(s)),
    'switch', coalesce(g.switch, 'open'),
    'cash', trim_scale(app.account_cash(p_account))::text, 'equity', trim_scale(b.equity)::text, 'as_of', app.rfc3339(b.as_of),
    'sleeve', (select jsonb_build_object('id', s.id, 'name', s.name, 'switch', s.switch, 'cash', trim_scale(s.cash)::text,
          'reserved', trim_scale(r.reserved)::text, 'available', trim_scale(s.cash - r.reserved)::text,
          'max_order_notional', s.max_order_notional::text, 'max_position_notional', s.max_position_notional::text, 'approval_above', s.approval_above::text, 'allowed_symbols', to_jsonb(s.allowed_symbols))
        from app.sleeves s cross join lateral (select app.reserved_cash(p_account, s.id) as reserved) r
        where s.account_id = p_account and s.id = coalesce(private.token_sleeve(), p_sleeve)),
    'limits', jsonb_build_object('max_order_notional', g.max_order_notional::text, 'max_position_notional', g.max_position_notional::text,
      'max_position_qty', g.max_position_qty::text, 'max_open_orders', g.max_open_orders, 'orders_per_minute', g.orders_per_minute,
      'orders_per_day', g.orders_per_day, 'daily_loss_limit', g.daily_loss_limit::text, 'max_drawdown', g.max_drawdown::text,
      'max_refusals', g.max_refusals, 'heartbeat_seconds', g.heartbeat_seconds, 'approval_above', g.approval_above::text, 'allowed_symbols', to_jsonb(g.allowed_symbols), 'allowed_sides', to_jsonb(g.allowed_sides)),
    'left', jsonb_build_object('orders_this_minute', minute, 'orders_today', today, 'open_orders', open_orders,
      'daily_loss', trim_scale(g.daily_loss_limit - b.last_equity + b.equity)::text, 'drawdown', trim_scale(g.max_drawdown - m.equity + b.equity)::text),
    'stops', stops)
    from app.user_accounts u
    left join app.account_balances b on b.account_id = u.id
    left join app.high_water_marks m on m.account_id = u.id
    where u.id = p_account);
end
$$;
