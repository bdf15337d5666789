-- Changes what p_changes has of a webhook (p_webhook) or notice of the admitted account (state, topics, time_zone, quiet_from,
-- quiet_until, urgent, summary_at), and reports whether there is such a one. One that is
-- switched on goes on where it was. Where it goes to, and whose it is, never changes.
create or replace function private.change_destination(p_id uuid, p_webhook boolean, p_changes jsonb) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('changing a webhook or a notice', 'manage');
  before app.destinations;
  after app.destinations;
  step boolean := p_changes - 'state' <> '{}' or p_changes->>'state' = 'on';
begin
  if step then -- events leave, or leave otherwise
    perform private.require_step_up();
  end if;
  perform private.lock_event_log();
  select d.* into before from app.destinations d where d.account_id = account and d.id = p_id and (d.type = 'webhook') = p_webhook for update;
  if not found then
    return false;
  end if;
  after := jsonb_populate_record(before, p_changes);
  perform private.check_destination(case when after.state = 'on' and before.made_by = private.user_id() then before.type end, after.time_zone);
  update app.destinations d
    set topics = after.topics, time_zone = after.time_zone, quiet_from = after.quiet_from, quiet_until = after.quiet_until, urgent = after.urgent,
      summary_at = after.summary_at,
      summary_since = case when (after.summary_at, after.time_zone) is distinct from (before.summary_at, before.time_zone) then clock_timestamp() else d.summary_since end
    where d.account_id = account and d.id = p_id;
  if p_changes ? 'state' then
    update app.destinations d
      set state = after.state, off_reason = case when after.state = 'off' then 'asked' end,
        tries = 0, failing_since = null, due_at = clock_timestamp(), gathered = false,
        summary_since = case when before.state = 'off' then clock_timestamp() else d.summary_since end
      where d.account_id = account and d.id = p_id;
  end if;
  perform private.audit(account, case when p_webhook then 'webhook' else 'notice' end || case when p_changes - 'state' = '{}' then '.switch' else '.change' end,
    p_changes || jsonb_build_object(case when p_webhook then 'webhook_id' else 'notice_id' end, p_id));
  return true;
end
$$;
