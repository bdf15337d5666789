-- Replaces the mirror of an account's positions by the broker's list, which
-- was asked for at p_as_of; rows that are newer than that stay. What is no
-- longer held stays as a row of quantity 0: an older update must not bring it
-- back. A position that cannot be read stays as it was, and where one does not
-- even say of what it is, nothing is taken for closed. Answers whether any
-- quantity changed.
create or replace function app.record_positions(p_account uuid, p_positions jsonb, p_as_of timestamptz) returns boolean
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  list jsonb := case jsonb_typeof(p_positions) when 'array' then p_positions else '[]' end;
  changed boolean;
begin
  with gone as (
    update app.alpaca_positions t
      set qty = 0, avg_entry_price = null, cost_basis = null, market_value = null, unrealized_pl = null, broker_position = null,
          as_of = p_as_of, known_until = clock_timestamp()
      where t.account_id = p_account and t.as_of < p_as_of and t.qty <> 0
        and not exists (select from jsonb_array_elements(list) p
          where nullif(p->>'symbol', '') is null or app.position_symbol(p->>'symbol') = t.symbol)
      returning 1
  )
  select exists (select from gone) or exists (
      select from jsonb_array_elements(list) p
      cross join lateral app.read_position(p_account, p, p_as_of) n
      left join app.alpaca_positions t on t.account_id = p_account and t.symbol = n.symbol
      where n.symbol is not null and t.qty is distinct from n.qty and (t.as_of is null or t.as_of < p_as_of))
    into changed;

  insert into app.alpaca_positions as t (account_id, symbol, asset_id, asset_class, exchange, qty, avg_entry_price,
      cost_basis, market_value, current_price, unrealized_pl, broker_position, as_of, known_until)
    select distinct on (n.symbol) p_account, n.symbol, n.asset_id, n.asset_class, n.exchange, n.qty, n.avg_entry_price, n.cost_basis,
        n.market_value, n.current_price, n.unrealized_pl, n.broker_position, p_as_of, clock_timestamp()
      from jsonb_array_elements(list) p
      cross join lateral app.read_position(p_account, p, p_as_of) n
      where n.symbol is not null
      order by n.symbol
    on conflict (account_id, symbol) do update
      set asset_id = excluded.asset_id, asset_class = excluded.asset_class, exchange = excluded.exchange,
          qty = excluded.qty, avg_entry_price = excluded.avg_entry_price, cost_basis = excluded.cost_basis,
          market_value = excluded.market_value, current_price = excluded.current_price,
          unrealized_pl = excluded.unrealized_pl, broker_position = excluded.broker_position, as_of = excluded.as_of,
          known_until = excluded.known_until
      where t.as_of < excluded.as_of;
  return changed;
end
$$;
