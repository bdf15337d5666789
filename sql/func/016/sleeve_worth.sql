-- Returns what a sleeve's positions are worth by p_prices (by symbol), and where these have
-- none by the broker's last price; unpriced has the symbols of which neither is known.
create or replace function app.sleeve_worth(p_account uuid, p_sleeve uuid, p_prices jsonb default null, out worth numeric, out unpriced text[])
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  select coalesce(sum(h.qty * h.price), 0), array_agg(h.symbol order by h.symbol) filter (where h.price is null)
    into worth, unpriced
    from (
      select t.symbol, (t.entry_qty - t.exit_qty) * case t.direction when 'long' then 1 else -1 end * t.multiplier as qty,
        coalesce((p_prices->>t.symbol)::numeric, p.current_price) as price
      from app.trading_positions t
      left join app.alpaca_positions p on p.account_id = t.account_id and p.symbol = app.position_symbol(t.symbol)
      where t.account_id = p_account and t.scope = 'sleeve' and t.scope_value = p_sleeve::text and t.closed_at is null) h;
end
$$;
