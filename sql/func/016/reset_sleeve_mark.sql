-- Lets the high-water mark of a sleeve of the admitted account begin anew with what it has
-- made by now, or, where that is not known, with the next prices. Returns whether there is
-- such a sleeve that is not closed. PD419: the account is live, which takes a step-up.
-- PD457: as in private.set_guards.
create or replace function private.reset_sleeve_mark(p_id uuid) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('resetting the high-water mark of a sleeve', 'manage');
  before app.sleeves;
begin
  perform private.lock_event_log();
  select s.* into before from app.sleeves s where s.account_id = account and s.id = p_id and s.closed_at is null for update;
  if not found then
    return false;
  end if;
  perform private.require_step_up();
  perform private.require_approval('sleeve', jsonb_build_object('sleeve_id', p_id, 'reset', 'high_water_mark'));
  update app.sleeves s set highest_pl = null, updated_at = clock_timestamp() where s.account_id = account and s.id = p_id;
  perform private.raise_sleeve_marks();
  perform private.audit(account, 'sleeve.reset_mark', jsonb_build_object('sleeve_id', p_id, 'high_water_mark', (before.transferred + before.highest_pl)::text));
  return true;
end
$$;
