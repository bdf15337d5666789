-- Raises the high-water marks of the admitted account's sleeves to what they have made,
-- where that is more, and tells which of them have used most of their cash, or of what they
-- may lose (private.note_use): after each trade update and each comparison with the broker, which
-- bring prices. What cannot be told changes nothing: a sleeve holds something that has no
-- price, or round trips are being computed again.
create or replace function private.raise_sleeve_marks() returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := coalesce(private.account_id('work'), private.account_id('cancel')); -- who may only read raises none
  s record;
begin
  if not exists (select from app.sleeves t where t.account_id = account and t.closed_at is null)
      or exists (select from app.round_trips_due d where d.account_id = account) then
    return;
  end if;
  for s in
    select t.id, t.traded, t.transferred, t.max_drawdown, t.highest_pl, w.worth, w.unpriced
      from app.sleeves t cross join lateral app.sleeve_worth(account, t.id) w
      where t.account_id = account and t.closed_at is null order by t.id
  loop
    perform private.note_use(account, 'sleeve_cash', -s.traded, s.transferred, s.id);
    continue when s.unpriced is not null;
    if s.highest_pl is null or s.highest_pl < s.traded + s.worth then
      update app.sleeves t set highest_pl = s.traded + s.worth where t.account_id = account and t.id = s.id;
    elsif s.max_drawdown is not null then
      perform private.note_use(account, 'sleeve_max_drawdown', s.highest_pl - s.traded - s.worth, s.max_drawdown, s.id);
    end if;
  end loop;
end
$$;
