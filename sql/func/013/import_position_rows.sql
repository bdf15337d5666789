-- Takes a batch of an import's positions. Returns those that were refused, as a
-- JSON array. Where the mirror has agreed with the broker once, it knows better
-- and takes none; else the first agreement replaces them.
create or replace function private.import_position_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  with r as materialized (
    select r.*, app.position_symbol(upper(r.symbol)) as held, row_number() over (partition by app.position_symbol(upper(r.symbol))) as nth
    from jsonb_to_recordset(p_rows) r (key text, symbol text, side text, asset_id uuid, asset_class text, exchange text, qty numeric,
      avg_entry_price numeric, cost_basis numeric, market_value numeric, current_price numeric, unrealized_pl numeric, as_of timestamptz)
  ), judged as materialized (
    select r.*, case
        when r.symbol is null then 'it has no symbol'
        when r.qty is null then 'it has no quantity'
        when exists (select from app.stream_cursors c where c.account_id = p_account and c.agreed_at is not null)
          then 'the account''s positions are known from Alpaca already'
        when r.nth > 1 then 'another row of the source has its symbol'
      end as fault
    from r
  ), made as (
    insert into app.alpaca_positions (account_id, symbol, asset_id, asset_class, exchange, qty, avg_entry_price, cost_basis, market_value,
        current_price, unrealized_pl, as_of, import_id)
      select p_account, j.held, j.asset_id, j.asset_class, j.exchange, case when j.side = 'short' then -abs(j.qty) else j.qty end,
        j.avg_entry_price, j.cost_basis, j.market_value, j.current_price, j.unrealized_pl, coalesce(j.as_of, clock_timestamp()), p_import
      from judged j where j.fault is null
      on conflict do nothing returning symbol
  )
  select jsonb_agg(jsonb_build_object('key', j.key, 'reason', coalesce(j.fault, 'a position in its symbol is here already')))
    from judged j left join made m on m.symbol = j.held where j.fault is not null or m.symbol is null
$$;
