-- Trigger: writes into the account's audit which webhooks and notices it gets and loses. Of
-- a webhook's URL only the host stands there, since its path may be a secret.
create or replace function private.record_destination_change() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  changed app.destinations := coalesce(new, old);
  what text := case changed.type when 'webhook' then 'webhook' else 'notice' end;
begin
  perform private.audit(changed.account_id, what || '.' || case tg_op when 'INSERT' then 'create' else 'delete' end,
    jsonb_build_object(what || '_id', changed.id) || case changed.type
      when 'webhook' then jsonb_build_object('host', split_part(split_part(changed.address, '/', 3), '@', -1))
      else jsonb_build_object('type', changed.type, 'topics', changed.topics) end);
  return null;
end
$$;
