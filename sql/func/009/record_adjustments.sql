-- Records what the broker's list of activities has besides trades, each once by
-- its id, and brings the journal up to date. One that the broker cancels later
-- does not count any more. With p_later the journal is not brought up to date, and the
-- round trips are due (app.round_trips_due).
create or replace function app.record_adjustments(p_account uuid, p_activities jsonb, p_later boolean default false) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  changed record;
begin
  for changed in
    with recorded as (
      insert into app.journal_adjustments as t (account_id, activity_id, kind, sub_type, symbol, at, day, qty, price, net_amount, group_id,
          description, canceled)
        select p_account, a->>'id', a->>'activity_type', nullif(a->>'activity_sub_type', ''), nullif(replace(a->>'symbol', '/', ''), ''),
          app.activity_time(a), coalesce(left(a->>'date', 10)::date, (app.activity_time(a) at time zone 'America/New_York')::date),
          nullif(a->>'qty', '')::numeric, nullif(a->>'price', '')::numeric, coalesce(nullif(a->>'net_amount', '')::numeric, 0),
          nullif(a->>'group_id', ''), a->>'description', coalesce(a->>'status' = 'canceled', false)
        from jsonb_array_elements(p_activities) a
        on conflict (account_id, activity_id) do update set canceled = excluded.canceled where t.canceled <> excluded.canceled
        returning t.symbol, t.kind, t.at
    )
    -- In activities a pair of coins has no slash, and in orders it has one.
    select coalesce((select f.symbol from app.fills f
          where f.account_id = p_account and f.symbol in (r.symbol, regexp_replace(r.symbol, '(USDT|USDC|USD|BTC)$', '/\1')) limit 1), r.symbol) as symbol,
        r.symbol as plain, min(r.at) as since, bool_or(r.kind = 'SPLIT') as split
      from recorded r where r.symbol is not null group by r.symbol order by 1
  loop
    if changed.split then
      changed.since := least(changed.since, app.pair_splits(p_account, changed.plain));
    end if;
    if p_later then
      insert into app.round_trips_due as d (account_id, symbol, since) values (p_account, changed.symbol, changed.since)
        on conflict (account_id, symbol) do update
          set since = least(d.since, excluded.since), reached_at = case when d.reached_at is not null then least(d.reached_at, excluded.since) end,
              reached_id = case when d.reached_at is not null then '' end;
    else
      perform app.recompute_round_trips(p_account, changed.symbol, changed.since, '');
    end if;
  end loop;
end
$$;
