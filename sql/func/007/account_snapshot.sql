-- Returns what a reader of the account's log begins with: the number of the
-- newest event, the cursor to go on from after it and, as of that event, the
-- account, its positions and its newest open orders, at most 500. It is one
-- statement, so that all is of one moment.
create or replace function app.account_snapshot(p_account uuid) returns jsonb
stable set search_path = pg_catalog, pg_temp
language sql as $$
  select jsonb_build_object(
    'cursor', coalesce((select h.last_seq from app.event_heads h where h.account_id = p_account), 0),
    'resume', coalesce((select app.resume_cursor(h.last_seq, h.last_at) from app.event_heads h where h.account_id = p_account), '0'),
    'at', app.rfc3339(clock_timestamp()),
    'account', (select jsonb_build_object('id', u.id, 'name', u.name, 'environment', u.environment, 'is_active', u.is_active,
        'stream_mode', u.stream_mode)
      from app.user_accounts u where u.id = p_account),
    'positions', (select coalesce(jsonb_agg(jsonb_build_object('symbol', p.symbol, 'asset_class', p.asset_class, 'qty', p.qty::text,
        'avg_entry_price', p.avg_entry_price::text, 'market_value', p.market_value::text, 'current_price', p.current_price::text,
        'unrealized_pl', p.unrealized_pl::text, 'as_of', app.rfc3339(p.as_of)) order by p.symbol), '[]')
      from app.alpaca_positions p where p.account_id = p_account and p.qty <> 0),
    'orders', (select coalesce(jsonb_agg(app.order_json(o) order by o.created_at desc, o.id desc), '[]')
      from (select * from app.alpaca_orders o where o.account_id = p_account and o.is_open
        order by o.created_at desc, o.id desc limit 500) o))
$$;
