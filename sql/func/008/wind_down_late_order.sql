-- Winds down an order that has appeared at the broker after nobody knew whether
-- it was placed, if the account is halted by then: it is canceled, or what it
-- opened is closed.
create or replace function private.wind_down_late_order(p_order uuid) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('winding an order down', 'cancel', 'work');
  made app.wind_downs;
begin
  if not exists (select from app.account_guards g where g.account_id = account and g.switch = 'halted') then
    return;
  end if;
  update app.wind_downs w set on_their_way = w.on_their_way || p_order, updated_at = clock_timestamp()
    where w.account_id = account and w.state = 'running' and w.repair_symbol is null;
  if found then
    return; -- the wind-down under way includes it now
  end if;
  insert into app.wind_downs (account_id, on_their_way) values (account, array[p_order]) returning * into made;
  perform private.append_event('guard', jsonb_build_object('event', 'wind_down', 'wind_down', app.wind_down_json(made)));
end
$$;
