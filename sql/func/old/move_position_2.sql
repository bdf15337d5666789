-- Moves the mirror's position by what an order was filled with, where no trade
-- update has told of it yet. A position that was read from the broker later
-- than that may hold it already, and is left alone; so is one of an account
-- whose positions have never been read, to which its history adds nothing.
-- as_of stays: it is when the broker last said what is held, and whatever it
-- says of a later moment is right again without this.
create or replace function app.move_position(p_account uuid, p_symbol text, p_asset_class text, p_by numeric, p_price numeric, p_at timestamptz)
returns void
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  insert into app.alpaca_positions as t (account_id, symbol, asset_class, qty, avg_entry_price, current_price, as_of)
    select p_account, app.position_symbol(p_symbol), p_asset_class, p_by, p_price, p_price, c.agreed_at
    from app.stream_cursors c where c.account_id = p_account and c.agreed_at < p_at and p_symbol is not null
  on conflict (account_id, symbol) do update
    set qty = t.qty + p_by, current_price = p_price, market_value = (t.qty + p_by) * p_price,
        avg_entry_price = app.average_entry(t.qty, t.avg_entry_price, p_by, p_price)
    where greatest(t.as_of, t.known_until) < p_at;
$$;
