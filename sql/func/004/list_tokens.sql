-- Returns the API tokens of the admitted user as the API shows them, newest first, or one
-- of them: for a token itself and those that were made of it. Those that ended more than
-- 30 days ago are left out.
create or replace function private.list_tokens(p_id uuid default null) returns setof jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  token uuid := private.token_id();
begin
  return query
  select jsonb_build_object('id', t.id, 'name', t.name, 'hint', t.hint, 'parent_id', t.path[cardinality(t.path) - 1], 'current', coalesce(t.id = token, false),
      'scopes', t.scopes, 'paper_only', t.paper_only,
      'accounts', (select coalesce(jsonb_agg(a.account_id order by a.account_id), '[]') from private.token_accounts a where a.token_id = t.id),
      'sleeves', (select coalesce(jsonb_agg(a.sleeve_id order by a.account_id), '[]') from private.token_accounts a where a.token_id = t.id and a.sleeve_id is not null),
      'limits', jsonb_build_object('max_order_notional', t.max_order_notional::text, 'max_position_notional', t.max_position_notional::text,
        'max_position_qty', t.max_position_qty::text, 'max_open_orders', t.max_open_orders, 'orders_per_minute', t.orders_per_minute,
        'orders_per_day', t.orders_per_day, 'daily_loss_limit', t.daily_loss_limit::text, 'max_drawdown', t.max_drawdown::text,
        'max_refusals', t.max_refusals, 'heartbeat_seconds', t.heartbeat_seconds, 'allowed_symbols', t.allowed_symbols, 'allowed_sides', t.allowed_sides,
        'approval_above', t.approval_above::text),
      'heartbeat_at', app.rfc3339(h.beaten_at),
      'heartbeat_holds_until', app.rfc3339(h.beaten_at + make_interval(secs => t.heartbeat_seconds)),
      'heartbeat_missing', t.heartbeat_seconds is not null and not app.is_beating(h.beaten_at, t.heartbeat_seconds),
      'stopped_on', (select coalesce(jsonb_agg(r.account_id order by r.account_id), '[]') from private.token_accounts a
        join private.token_refusal_runs r on r.account_id = a.account_id and r.token_id = a.token_id
        where a.token_id = t.id and r.stopped_at is not null),
      'state', case when t.revoked_at is not null then 'revoked' when t.expires_at <= now() then 'expired' else 'active' end,
      'created_at', app.rfc3339(t.created_at), 'expires_at', app.rfc3339(t.expires_at), 'revoked_at', app.rfc3339(t.revoked_at),
      'last_used_at', app.rfc3339(t.last_used_at))
    from private.api_tokens t left join private.token_heartbeats h on h.token_id = t.id
    where t.user_id = who and (token is null or token = any (t.path)) and (p_id is null or t.id = p_id)
      and least(t.expires_at, t.revoked_at) > now() - interval '30 days'
    order by t.created_at desc, t.id;
end
$$;
