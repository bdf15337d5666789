-- Sets the name, the switch and the limits of a sleeve of the admitted account, those
-- that p_changes has; null is no limit. Returns whether there is such a sleeve that is
-- not closed. PD419: more is let through on a live account, which takes a step-up. PD457: as in private.set_guards.
-- PD445: another has the name.
create or replace function private.change_sleeve(p_id uuid, p_changes jsonb) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('changing sleeves', 'manage');
  grades constant text[] := array['open', 'reduce_only', 'halted'];
  before app.sleeves;
  after app.sleeves;
begin
  perform private.lock_event_log();
  select s.* into before from app.sleeves s where s.account_id = account and s.id = p_id and s.closed_at is null for update;
  if not found then
    return false;
  end if;
  after := jsonb_populate_record(before, p_changes);
  after.allowed_symbols := app.order_symbols(after.allowed_symbols);
  if exists (select from app.sleeves s where s.account_id = account and s.name = after.name and s.id <> p_id and s.closed_at is null) then
    raise exception 'another sleeve has this name' using errcode = 'PD445', detail = 'name';
  end if;
  if array_position(grades, after.switch) < array_position(grades, before.switch)
      -- Its limits have the names of the account's.
      or private.let_more_through(jsonb_populate_record(null::app.account_guards, to_jsonb(before)),
        jsonb_populate_record(null::app.account_guards, to_jsonb(after))) then
    perform private.require_step_up();
    perform private.require_approval('sleeve', p_changes || jsonb_build_object('sleeve_id', p_id));
  end if;
  update app.sleeves s
    set name = after.name, switch = after.switch, max_order_notional = after.max_order_notional,
        max_position_notional = after.max_position_notional, allowed_symbols = after.allowed_symbols, approval_above = after.approval_above, max_drawdown = after.max_drawdown, updated_at = clock_timestamp()
    where s.account_id = account and s.id = p_id;
  perform private.audit(account, 'sleeve.change', p_changes || jsonb_build_object('sleeve_id', p_id));
  perform private.append_event('guard', jsonb_build_object('event', 'sleeve', 'sleeve_id', p_id) || p_changes);
  return true;
end
$$;
