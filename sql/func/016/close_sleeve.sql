-- Closes a sleeve of the admitted account, which is left to see and takes no order and no
-- cash any more. Returns whether there was one that was not closed. PD448: it holds cash
-- or positions, or has open orders; the detail says which.
create or replace function private.close_sleeve(p_id uuid) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('closing sleeves', 'manage');
  s app.sleeves;
  left_over text;
begin
  perform private.lock_event_log();
  select t.* into s from app.sleeves t where t.account_id = account and t.id = p_id and t.closed_at is null for update;
  if not found then
    return false;
  end if;
  left_over := concat_ws(', ',
    case when exists (select from app.alpaca_orders o where o.account_id = account and o.sleeve_id = p_id and (o.is_open or o.fills_differ)) then 'orders' end,
    case when exists (select from app.trading_positions t where t.account_id = account and t.scope = 'sleeve' and t.scope_value = p_id::text
      and t.closed_at is null) then 'positions' end,
    case when s.cash <> 0 then 'cash' end);
  if left_over <> '' then
    raise exception 'the sleeve is not empty' using errcode = 'PD448', detail = left_over;
  end if;
  update app.sleeves t set closed_at = clock_timestamp(), updated_at = clock_timestamp() where t.account_id = account and t.id = p_id;
  perform private.audit(account, 'sleeve.close', jsonb_build_object('sleeve_id', p_id, 'name', s.name));
  perform private.append_event('guard', jsonb_build_object('event', 'sleeve', 'sleeve_id', p_id, 'closed', true));
  return true;
end
$$;
