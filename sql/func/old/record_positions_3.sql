-- Replaces the mirror of an account's positions by the broker's list, which
-- was asked for at p_as_of; rows that are newer than that stay. What is no
-- longer held stays as a row of quantity 0: an older update must not bring it
-- back. Answers whether any quantity changed.
create or replace function app.record_positions(p_account uuid, p_positions jsonb, p_as_of timestamptz) returns boolean
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  changed boolean;
begin
  with gone as (
    update app.alpaca_positions t
      set qty = 0, avg_entry_price = null, cost_basis = null, market_value = null, unrealized_pl = null, broker_position = null,
          as_of = p_as_of, known_until = clock_timestamp()
      where t.account_id = p_account and t.as_of < p_as_of and t.qty <> 0
        and not exists (select from jsonb_array_elements(p_positions) p where app.position_symbol(p->>'symbol') = t.symbol)
      returning 1
  ), news as (
    select app.position_symbol(p->>'symbol') as symbol, (p->>'qty')::numeric as qty from jsonb_array_elements(p_positions) p
  )
  select exists (select from gone) or exists (
      select from news n left join app.alpaca_positions t on t.account_id = p_account and t.symbol = n.symbol
      where t.qty is distinct from n.qty and (t.as_of is null or t.as_of < p_as_of))
    into changed;

  insert into app.alpaca_positions as t (account_id, symbol, asset_id, asset_class, exchange, qty, avg_entry_price,
      cost_basis, market_value, current_price, unrealized_pl, broker_position, as_of, known_until)
    select p_account, app.position_symbol(p->>'symbol'), (p->>'asset_id')::uuid, p->>'asset_class', p->>'exchange', (p->>'qty')::numeric,
        (p->>'avg_entry_price')::numeric, (p->>'cost_basis')::numeric, (p->>'market_value')::numeric,
        (p->>'current_price')::numeric, (p->>'unrealized_pl')::numeric, p, p_as_of, clock_timestamp()
      from jsonb_array_elements(p_positions) p
      order by p->>'symbol'
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
