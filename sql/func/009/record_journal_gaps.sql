-- Records where the journal and the broker hold different quantities, and
-- appends an event when such a gap begins, changes or ends. While an order in
-- the symbol is open, the event waits until the same gap is found again. The
-- orders behind a gap that has begun or changed may be reread at once, however
-- often that was in vain before. While the round trips of a symbol are being
-- computed in parts, some are missing, and nothing is compared.
create or replace function app.record_journal_gaps(p_account uuid) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  d record;
begin
  if exists (select from app.round_trips_due t where t.account_id = p_account and t.reached_at is not null) then
    return;
  end if;
  for d in
    select coalesce(n.symbol, g.symbol) as symbol, n.journal_qty, n.broker_qty, n.trips_since, n.unsettled,
        n.journal_qty - n.broker_qty as gap, g.journal_qty - g.broker_qty as last_gap, g.logged_gap
      from app.find_journal_gaps(p_account) n
      full join (select * from app.journal_gaps j where j.account_id = p_account) g on g.symbol = n.symbol
      order by 1
  loop
    if d.gap is null then
      delete from app.journal_gaps j where j.account_id = p_account and j.symbol = d.symbol;
      if d.logged_gap is not null then
        perform private.append_event('journal', jsonb_build_object('event', 'agrees', 'symbol', d.symbol));
      end if;
      continue;
    end if;
    if d.gap is distinct from d.logged_gap and (not d.unsettled or d.gap = d.last_gap) then
      d.logged_gap := d.gap;
      perform private.append_event('journal', jsonb_build_object('event', 'differs', 'symbol', d.symbol,
        'journal_qty', trim_scale(d.journal_qty)::text, 'broker_qty', trim_scale(d.broker_qty)::text));
      update app.alpaca_orders o set fills_asked = 0, fills_asked_at = null
        where o.account_id = p_account and o.fills_asked > 0 and not o.fills_differ
          and o.id in (select f.order_id from app.fills f where f.account_id = p_account and f.symbol = d.symbol);
    end if;
    insert into app.journal_gaps as j (account_id, symbol, journal_qty, broker_qty, trips_since, logged_gap)
      values (p_account, d.symbol, d.journal_qty, d.broker_qty, d.trips_since, d.logged_gap)
      on conflict (account_id, symbol) do update
        set journal_qty = excluded.journal_qty, broker_qty = excluded.broker_qty, logged_gap = excluded.logged_gap,
            trips_since = least(j.trips_since, excluded.trips_since)
        where (j.journal_qty, j.broker_qty, j.logged_gap) is distinct from (excluded.journal_qty, excluded.broker_qty, excluded.logged_gap);
  end loop;
  -- Without a gap, what lists of positions had more or less is explained.
  update app.alpaca_positions p set uncounted = 0
    where p.account_id = p_account and p.uncounted <> 0
      and not exists (select from app.journal_gaps j where j.account_id = p_account and app.position_symbol(j.symbol) = p.symbol);
end
$$;
