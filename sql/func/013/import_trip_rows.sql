-- Takes a batch of an import's round trips, each with its whole row. Returns those
-- that were refused, as a JSON array.
create or replace function private.import_trip_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  with r as materialized (
    select r.* from jsonb_to_recordset(p_rows) r (key text, symbol text, direction text, status text, qty numeric, entry_price numeric,
      exit_price numeric, realized_pl numeric, opened_at timestamptz, closed_at timestamptz, orchestrator_agent_id text, tag text, data text)
  ), made as (
    insert into app.imported_trading_positions (account_id, import_id, key, symbol, direction, status, qty, entry_price, exit_price,
        realized_pl, opened_at, closed_at, orchestrator_agent_id, tag, data)
      select p_account, p_import, r.key, r.symbol, r.direction, r.status, r.qty, r.entry_price, r.exit_price, r.realized_pl, r.opened_at,
        r.closed_at, r.orchestrator_agent_id, r.tag, r.data::jsonb
      from r on conflict do nothing returning key
  )
  select jsonb_agg(jsonb_build_object('key', r.key, 'reason', 'a row with its key is here already'))
    from r where not exists (select from made m where m.key = r.key)
$$;
