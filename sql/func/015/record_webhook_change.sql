-- Trigger: writes into the account's audit which webhooks it gets and loses. Of the URL
-- only the host stands there, since its path may be a secret.
create or replace function private.record_webhook_change() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  changed app.webhooks := coalesce(new, old);
begin
  perform private.audit(changed.account_id, 'webhook.' || case tg_op when 'INSERT' then 'create' else 'delete' end,
    jsonb_build_object('webhook_id', changed.id, 'host', split_part(split_part(changed.url, '/', 3), '@', -1)));
  return null;
end
$$;
