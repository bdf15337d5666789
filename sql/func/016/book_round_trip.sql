-- Trigger: keeps the sums of a sleeve what its round trips say, by the difference that a
-- change of one of them makes.
create or replace function private.book_round_trip() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  t app.trading_positions;
  way integer;
begin
  foreach way in array case tg_op when 'INSERT' then array[1] when 'DELETE' then array[-1] else array[-1, 1] end loop
    if way = 1 then
      t := new;
    else
      t := old;
    end if;
    update app.sleeves s
      set traded = s.traded + way * (t.multiplier * (t.exit_notional - t.entry_notional) * case t.direction when 'long' then 1 else -1 end - t.fees),
          fees = s.fees + way * t.fees, realized_pl = s.realized_pl + way * t.realized_pl
      where s.account_id = t.account_id and s.id = t.scope_value::uuid;
  end loop;
  return null;
end
$$;
