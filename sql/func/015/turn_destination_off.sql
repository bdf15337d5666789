-- Switches a destination off, because it has failed for long or its user may no longer
-- read the account, and tells the account's events and its audit. The caller has locked
-- the account's log.
create or replace function private.turn_destination_off(p_account uuid, p_id uuid, p_reason text) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  what text;
begin
  update app.destinations d set state = 'off', off_reason = p_reason, holder = null, live_until = null, gathered = false
    where d.account_id = p_account and d.id = p_id and d.state = 'on'
    returning case d.type when 'webhook' then 'webhook' else 'notice' end into what;
  if found then
    perform private.write_event(p_account, what, jsonb_build_object('event', 'off', what || '_id', p_id, 'reason', p_reason));
    perform private.audit(p_account, what || '.off', jsonb_build_object(what || '_id', p_id, 'reason', p_reason), p_kind => 'worker');
  end if;
end
$$;
