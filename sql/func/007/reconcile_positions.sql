-- Compares the mirror's positions with the broker's list, and sets those that
-- differ. Which fills are in that list already follows from the orders' filled
-- quantities before and after it, and never from a clock:
--
--   p_moves   what app.position_moves returned before the list was asked for
--   p_before  the filled quantity of each order, by the broker's id, that the
--             broker reported before the list was asked for, and that was
--             recorded here by then
--   p_after   the same after the list was there, for every order that may have
--             filled meanwhile; null for one whose quantity is not known
--
-- If no order in a symbol filled between the two, and nothing else moved its
-- position, then the list includes exactly the fills that are recorded, and the
-- position is set to the list's quantity. Another symbol that differs keeps its
-- position, which is still counted right, and is returned in unsettled.
--
-- What a list has more or less than was counted is uncounted: no order explains
-- it yet.
--
-- A position that cannot be read stays as it was. If an item does not even name
-- its symbol, no position is taken for closed.
--
-- Without p_after no quantity is set, unless the list was read alone (without
-- p_before too). Then a symbol is set if it has no order here that could have
-- filled unnoticed. That is for a position that the mirror has not heard of.
-- Its orders come with the next reconciliation and are not counted again
-- (app.record_order); until then the mirror is in doubt.
create or replace function app.reconcile_positions(p_account uuid, p_positions jsonb, p_as_of timestamptz,
  p_moves jsonb, p_before jsonb, p_after jsonb, out changed boolean, out unsettled text[])
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  base boolean := exists (select from app.stream_cursors c where c.account_id = p_account and c.agreed_at is not null);
  moving text[] := '{}';      -- symbols whose orders were filled between the two
  moving_all boolean := false; -- so was an order whose symbol is not known
  list jsonb := case jsonb_typeof(p_positions) when 'array' then p_positions else '[]' end;
  s record;
  p app.alpaca_positions;
  sets boolean;
begin
  changed := false;
  unsettled := '{}';
  if p_after is not null then
    select coalesce(array_agg(distinct app.position_symbol(l.symbol)) filter (where l.symbol is not null), '{}'), coalesce(bool_or(l.symbol is null), false)
      into moving, moving_all
      from jsonb_each_text(p_after) a
      left join jsonb_each_text(p_before) b on b.key = a.key
      left join app.alpaca_orders o on o.account_id = p_account and o.alpaca_order_id = a.key::uuid
      left join lateral (
        select o.symbol where o.symbol is not null
        union all
        select leg->>'symbol' from jsonb_array_elements(case jsonb_typeof(o.broker_order->'legs') when 'array' then o.broker_order->'legs' end) leg
          where o.symbol is null) l on true
      where coalesce(b.value::numeric, 0) is distinct from a.value::numeric
        or o.filled_qty <> a.value::numeric;
  end if;

  for s in
    select n as p, coalesce(n.symbol, t.symbol) as symbol, coalesce(n.qty, 0) as qty,
      coalesce(t.qty, 0) as held, coalesce(t.moves, 0) as moves, coalesce(t.read_alone, false) as read_alone
    from (select distinct on (r.symbol) r.* from jsonb_array_elements(list) l cross join lateral app.parse_position(p_account, l, p_as_of) r
      where r.symbol is not null order by r.symbol) n
    full join (select * from app.alpaca_positions a where a.account_id = p_account) t on t.symbol = n.symbol
    where n.symbol is not null or (t.qty <> 0 or t.read_alone) and not exists (
      select from jsonb_array_elements(list) l where nullif(l->>'symbol', '') is null or app.position_symbol(l->>'symbol') = t.symbol)
    order by 2
  loop
    sets := case
      when p_after is not null then not moving_all and s.symbol <> all (moving) and s.moves <= coalesce((p_moves->>s.symbol)::bigint, 0)
      when p_before is not null then s.qty = s.held and not s.read_alone
      when s.qty = s.held or not base then true
      else s.moves <= coalesce((p_moves->>s.symbol)::bigint, case when p_moves is null then s.moves else 0 end)
        and not exists (select from app.alpaca_orders o
          where o.account_id = p_account and not app.is_ended(o.status)
            and (o.symbol is null or app.position_symbol(o.symbol) = s.symbol)) end;
    if not sets then
      unsettled := unsettled || s.symbol;
      continue;
    end if;
    if s.qty <> s.held then
      changed := true;
      if base and p_before is null then
        perform app.doubt_mirror(p_account);
      end if;
    end if;
    p := s.p;
    if p.symbol is null then
      update app.alpaca_positions t
        set qty = 0, avg_entry_price = null, cost_basis = null, market_value = null, unrealized_pl = null, broker_position = null,
            as_of = p_as_of, moves = t.moves + 1, read_alone = base and p_before is null,
            uncounted = case when base then t.uncounted - t.qty else 0 end
        where t.account_id = p_account and t.symbol = s.symbol;
      continue;
    end if;
    insert into app.alpaca_positions as t (account_id, symbol, asset_id, asset_class, exchange, qty, avg_entry_price,
        cost_basis, market_value, current_price, unrealized_pl, broker_position, as_of, moves, read_alone, uncounted)
      values (p_account, p.symbol, p.asset_id, p.asset_class, p.exchange, p.qty, p.avg_entry_price,
          p.cost_basis, p.market_value, p.current_price, p.unrealized_pl, p.broker_position, p_as_of, 1, base and p_before is null, case when base then p.qty else 0 end)
      on conflict (account_id, symbol) do update
        set asset_id = excluded.asset_id, asset_class = excluded.asset_class, exchange = excluded.exchange,
            qty = excluded.qty, avg_entry_price = excluded.avg_entry_price, cost_basis = excluded.cost_basis,
            market_value = excluded.market_value, current_price = excluded.current_price,
            unrealized_pl = excluded.unrealized_pl, broker_position = excluded.broker_position, as_of = excluded.as_of,
            moves = t.moves + case when t.qty = excluded.qty then 0 else 1 end,
            uncounted = case when base then t.uncounted + excluded.qty - t.qty else 0 end,
            read_alone = case when t.qty = excluded.qty and p_after is null then t.read_alone else excluded.read_alone end;
  end loop;
  if not base and p_after is not null then
    -- A position that was closed meanwhile has neither a row nor an item.
    unsettled := (select coalesce(array_agg(distinct u), '{}') from unnest(unsettled || moving || case when moving_all then '{*}'::text[] end) u);
  end if;
  perform private.raise_sleeve_marks();
end
$$;
