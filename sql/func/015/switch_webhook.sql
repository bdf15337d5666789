-- Switches a webhook of the admitted account on or off, and reports whether there is
-- such a one. One that is switched on goes on where it was.
create or replace function private.switch_webhook(p_id uuid, p_on boolean) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('switching a webhook', 'manage');
begin
  if p_on then
    perform private.require_step_up();
  end if;
  perform private.lock_event_log();
  update app.webhooks w
    set state = case when p_on then 'on' else 'off' end, off_reason = case when not p_on then 'asked' end,
      tries = 0, failing_since = null, due_at = clock_timestamp()
    where w.account_id = account and w.id = p_id;
  if found then
    perform private.audit(account, 'webhook.switch', jsonb_build_object('webhook_id', p_id, 'on', p_on));
  end if;
  return found;
end
$$;
