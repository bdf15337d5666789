-- Deletes the admitted account's credentials, if there are any, and returns
-- NULL. If open orders keep them from being deleted (orders_blocking_deletion),
-- it returns these and changes nothing. PD419: the account is live, which takes a step-up.
create or replace function private.delete_credentials(p_open_orders text) returns jsonb
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('deleting credentials', 'manage');
  kept jsonb;
begin
  perform private.require_step_up();
  perform private.lock_event_log();
  if not exists (select from private.user_credentials c where c.account_id = account) then
    return null;
  end if;
  kept := private.orders_blocking_deletion(account, p_open_orders);
  if kept is not null then
    return kept;
  end if;
  delete from private.user_credentials c where c.account_id = account;
  perform private.audit(account, 'credentials.delete');
  perform private.append_event('credentials', '{"state": "deleted"}');
  return null;
end
$$;
