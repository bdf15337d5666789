-- Makes a sleeve without cash on the admitted account. PD445: another has the name, or
-- the account has as many as it may have; the detail says which.
create or replace function private.make_sleeve(p_id uuid, p_sleeve jsonb) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('making sleeves', 'manage');
  made app.sleeves := jsonb_populate_record(null::app.sleeves, p_sleeve);
begin
  perform private.lock_event_log();
  if exists (select from app.sleeves s where s.account_id = account and s.name = made.name and s.closed_at is null) then
    raise exception 'another sleeve has this name' using errcode = 'PD445', detail = 'name';
  end if;
  if (select count(*) from app.sleeves s where s.account_id = account) >= 200 then
    raise exception 'an account may have 200 sleeves' using errcode = 'PD445', detail = 'many';
  end if;
  insert into app.sleeves (account_id, id, name, switch, max_order_notional, max_position_notional, allowed_symbols, approval_above, max_drawdown, made_by)
    values (account, p_id, made.name, coalesce(made.switch, 'open'), made.max_order_notional, made.max_position_notional,
      app.order_symbols(made.allowed_symbols), made.approval_above, made.max_drawdown, private.user_id());
  perform private.audit(account, 'sleeve.create', p_sleeve || jsonb_build_object('sleeve_id', p_id));
  perform private.append_event('guard', jsonb_build_object('event', 'sleeve', 'sleeve_id', p_id) || p_sleeve);
end
$$;
