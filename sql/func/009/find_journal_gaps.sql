-- Returns where the journal holds more or less of a symbol than the broker
-- does, by the mirror. trips_since is when the round trip was opened that is in
-- doubt. unsettled says that an order in the symbol is open, so that one of the
-- two may just not have a fill yet. Symbols are in the form of orders, as the
-- journal's.
create or replace function app.find_journal_gaps(p_account uuid)
returns table (symbol text, journal_qty numeric, broker_qty numeric, trips_since timestamptz, unsettled boolean)
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  with trips as (
    select distinct on (t.symbol) t.symbol, t.opened_at, (t.entry_qty - t.exit_qty) * case t.direction when 'long' then 1 else -1 end as qty
      from app.trading_positions t where t.account_id = p_account and t.scope = 'account'
      order by t.symbol, t.last_at desc, t.last_id desc, t.opened_at desc
  ), held as (
    select p.symbol, p.qty from app.alpaca_positions p where p.account_id = p_account
  )
  select coalesce(t.symbol, app.order_symbol(h.symbol)), coalesce(t.qty, 0), coalesce(h.qty, 0), coalesce(t.opened_at, '-infinity'),
      exists (select from app.alpaca_orders o where o.account_id = p_account and o.is_open
        and app.position_symbol(o.symbol) = app.position_symbol(coalesce(t.symbol, h.symbol)))
    from trips t full join held h on h.symbol = app.position_symbol(t.symbol)
    where coalesce(t.qty, 0) <> coalesce(h.qty, 0);
end
$$;
