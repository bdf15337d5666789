-- Claims a webhook for an instance, for p_ttl, and returns its URL and the
-- version of the master key of its secret. Returns no row where there is nothing to do:
-- it is off, not due, claimed, or four of its account's owner's are being worked on. A
-- webhook whose user may no longer read the account is switched off here.
create or replace function private.begin_delivery(p_account uuid, p_webhook uuid, p_holder uuid, p_ttl interval)
returns table (url text, key_version integer)
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  hook app.webhooks;
  at timestamptz;
begin
  perform from app.event_heads h where h.account_id = p_account for update;
  select w.* into hook from app.webhooks w where w.account_id = p_account and w.id = p_webhook for update;
  at := clock_timestamp();
  if not found or hook.state <> 'on' or hook.due_at > at or hook.live_until > at then
    return;
  end if;
  if not exists (select from private.usable_grants() g where g.account_id = p_account and g.user_id = hook.made_by and g.role = 'owner')
      or exists (select from auth.disabled_users d where d.user_id = hook.made_by) then
    perform private.turn_webhook_off(p_account, p_webhook, 'no_access');
    return;
  end if;
  if (select count(*) from app.webhooks w join app.user_accounts u on u.id = w.account_id
      where w.state = 'on' and w.live_until > at and u.user_id = (select o.user_id from app.user_accounts o where o.id = p_account)) >= 4 then
    return;
  end if;
  update app.webhooks w set holder = p_holder, live_until = at + p_ttl where w.account_id = p_account and w.id = p_webhook;
  return query select hook.url, s.key_version from private.webhook_secrets s where s.account_id = p_account and s.webhook_id = p_webhook;
end
$$;
