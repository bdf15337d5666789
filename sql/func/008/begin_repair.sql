-- Has what a closing overshot traded back, if the account's guards ask for
-- that: begins a wind-down of p_qty of one position (below 0 if it is short),
-- which may only reduce it.
create or replace function private.begin_repair(p_symbol text, p_qty numeric) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('trading back', 'cancel', 'work');
  made app.wind_downs;
begin
  if not exists (select from app.account_guards g where g.account_id = account and g.buy_back_overshoot) then
    return;
  end if;
  if exists (select from app.wind_downs w where w.account_id = account and w.state = 'running' and w.liquidate) then
    return; -- the liquidation closes that too
  end if;
  insert into app.wind_downs (account_id, repair_symbol, repair_qty) values (account, p_symbol, p_qty) returning * into made;
  perform private.append_event('guard', jsonb_build_object('event', 'wind_down', 'wind_down', app.wind_down_json(made)));
end
$$;
