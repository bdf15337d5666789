-- Deletes the admitted account and returns NULL. If open orders keep it from
-- being deleted (orders_blocking_deletion), it returns these and changes nothing.
-- PD419: the account is live, which takes a step-up.
create or replace function private.delete_account(p_open_orders text) returns jsonb
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('deleting an account', 'manage');
  kept jsonb;
begin
  perform private.require_step_up();
  perform private.lock_event_log(true);
  kept := private.orders_blocking_deletion(account, p_open_orders);
  if kept is null then
    delete from app.user_accounts u where u.id = account;
  end if;
  return kept;
end
$$;
