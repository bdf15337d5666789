-- Trigger: records a change of an account in the audit log and in its event
-- log.
create or replace function private.record_account_change() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    perform private.audit(old.id, 'account.delete', jsonb_build_object('name', old.name, 'alpaca_account_id', old.alpaca_account_id));
    return null;
  end if;
  if (new.name, new.is_active, new.stream_mode) is distinct from (old.name, old.is_active, old.stream_mode) then
    perform private.audit(new.id, 'account.change',
      jsonb_build_object('name', new.name, 'is_active', new.is_active, 'stream_mode', new.stream_mode));
    if private.account_id('manage') = new.id then
      perform private.append_event('account',
        jsonb_build_object('name', new.name, 'is_active', new.is_active, 'stream_mode', new.stream_mode));
    end if;
  end if;
  return null;
end
$$;
