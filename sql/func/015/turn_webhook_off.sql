-- Switches a webhook off, because it has failed for long or its user may no longer read
-- the account, and tells the account's events and its audit. The caller has locked the
-- account's log.
create or replace function private.turn_webhook_off(p_account uuid, p_id uuid, p_reason text) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update app.webhooks w set state = 'off', off_reason = p_reason, holder = null, live_until = null
    where w.account_id = p_account and w.id = p_id and w.state = 'on';
  if found then
    perform private.write_event(p_account, 'webhook', jsonb_build_object('event', 'off', 'webhook_id', p_id, 'reason', p_reason));
    perform private.audit(p_account, 'webhook.off', jsonb_build_object('webhook_id', p_id, 'reason', p_reason), p_kind => 'worker');
  end if;
end
$$;
