-- Raises the high-water marks of the admitted account's sleeves to what they have made,
-- where that is more: after each trade update and each comparison with the broker, which
-- bring prices. What cannot be told changes nothing: a sleeve holds something that has no
-- price, or round trips are being computed again.
create or replace function private.raise_sleeve_marks() returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := coalesce(private.account_id('work'), private.account_id('cancel')); -- who may only read raises none
begin
  if not exists (select from app.sleeves s where s.account_id = account and s.closed_at is null)
      or exists (select from app.round_trips_due d where d.account_id = account) then
    return;
  end if;
  update app.sleeves s set highest_pl = s.traded + w.worth
    from (select t.id, (app.sleeve_worth(account, t.id)).* from app.sleeves t where t.account_id = account and t.closed_at is null) w
    where s.account_id = account and s.id = w.id and w.unpriced is null and (s.highest_pl is null or s.highest_pl < s.traded + w.worth);
end
$$;
