-- Changes the mirror's position by what an order was filled with, whichever
-- source reported it. Before an account's positions have been read it does
-- nothing, because what is read then includes earlier fills. p_at is the
-- broker's time of the report, and is compared only with other times of the
-- broker.
create or replace function app.apply_fill_to_position(p_account uuid, p_symbol text, p_asset_class text, p_by numeric, p_price numeric, p_at timestamptz)
returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into app.alpaca_positions as t (account_id, symbol, asset_class, qty, avg_entry_price, current_price, as_of, moves, counted_until)
    select p_account, app.position_symbol(p_symbol), p_asset_class, p_by, p_price, p_price, clock_timestamp(), 1, p_at
    from app.stream_cursors c where c.account_id = p_account and c.agreed_at is not null and p_symbol is not null and p_by <> 0
  on conflict (account_id, symbol) do update
    set qty = t.qty + p_by, current_price = coalesce(p_price, t.current_price),
        market_value = (t.qty + p_by) * coalesce(p_price, t.current_price),
        avg_entry_price = app.average_entry(t.qty, t.avg_entry_price, p_by, p_price),
        as_of = clock_timestamp(), moves = t.moves + 1, counted_until = greatest(t.counted_until, p_at);
end
$$;
