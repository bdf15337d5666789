-- Returns all accounts that the admitted user, or their API token, may read, with what each
-- is worth and holds; what they are worth together; and what they hold together, by
-- symbol. Paper and live money are never added up. Figures are the broker's, as old as
-- as_of says: null where the broker was never asked.
--
-- Each account is looked up by the user's own grants (private.usable_grants), as an
-- admission to it would. 42501: nobody is admitted.
create or replace function private.portfolio() returns jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  reach uuid[] := private.reach();
begin
  if who is null or private.job_id() is not null then
    raise exception 'nobody is admitted' using errcode = '42501';
  end if;
  return (
    with mine as materialized (
      select u.id, u.name, u.environment, g.role, u.is_active, coalesce(s.switch, 'open') as switch, b.equity, b.last_equity, b.cash, b.as_of
      from private.usable_grants() g join app.user_accounts u on u.id = g.account_id
      left join app.account_balances b on b.account_id = u.id
      left join app.account_guards s on s.account_id = u.id
      where g.user_id = who and (reach is null or u.id = any (reach)) and private.scopes_for_role(g.role, u.is_active) is not null
    ), held as materialized (
      select m.id, m.environment, p.symbol, p.asset_class, p.qty, p.avg_entry_price, p.current_price, p.market_value, p.unrealized_pl, p.as_of
      from mine m join app.alpaca_positions p on p.account_id = m.id and p.qty <> 0
    )
    select jsonb_build_object(
      'accounts', (select coalesce(jsonb_agg(jsonb_build_object('account_id', m.id, 'name', m.name, 'environment', m.environment, 'role', m.role,
          'is_active', m.is_active, 'switch', m.switch, 'equity', m.equity::text, 'last_equity', m.last_equity::text, 'cash', m.cash::text,
          'day_change', (m.equity - m.last_equity)::text, 'as_of', app.rfc3339(m.as_of),
          'positions', (select coalesce(jsonb_agg(jsonb_build_object('symbol', h.symbol, 'asset_class', h.asset_class, 'qty', trim_scale(h.qty)::text,
              'avg_entry_price', trim_scale(h.avg_entry_price)::text, 'current_price', trim_scale(h.current_price)::text,
              'market_value', trim_scale(h.market_value)::text, 'unrealized_pl', trim_scale(h.unrealized_pl)::text, 'as_of', app.rfc3339(h.as_of)) order by h.symbol), '[]')
            from held h where h.id = m.id)) order by m.environment desc, m.name, m.id), '[]') from mine m),
      'totals', (select coalesce(jsonb_agg(jsonb_build_object('environment', t.environment, 'accounts', t.accounts, 'known', t.known, 'equity', t.equity::text,
          'day_change', t.day_change::text, 'cash', t.cash::text) order by t.environment desc), '[]')
        from (select m.environment, count(*) as accounts, count(m.equity) as known, sum(m.equity) as equity, sum(m.equity - m.last_equity) as day_change,
            sum(m.cash) as cash from mine m group by m.environment) t),
      'positions', (select coalesce(jsonb_agg(jsonb_build_object('environment', t.environment, 'symbol', t.symbol, 'accounts', t.accounts, 'qty', trim_scale(t.qty)::text,
          'market_value', trim_scale(t.market_value)::text, 'unrealized_pl', trim_scale(t.unrealized_pl)::text, 'as_of', app.rfc3339(t.as_of))
          order by t.environment desc, t.symbol), '[]')
        from (select h.environment, h.symbol, count(*) as accounts, sum(h.qty) as qty,
            case when count(*) = count(h.market_value) then sum(h.market_value) end as market_value,
            case when count(*) = count(h.unrealized_pl) then sum(h.unrealized_pl) end as unrealized_pl, min(h.as_of) as as_of
          from held h group by h.environment, h.symbol) t)));
end
$$;
