-- Ends the admitted account's offer, and with it that anybody follows it. What was copied
-- stays; what waits to be copied is skipped. Returns how many followed; null where there was
-- no offer.
--
-- 42501: the admission may not cancel on the account.
create or replace function private.end_copy_offer() returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('ending an offer', 'cancel');
  followed integer;
begin
  perform private.lock_event_log();
  update private.copy_offers o set ended_at = clock_timestamp() where o.account_id = account and o.ended_at is null;
  if not found then
    return null;
  end if;
  update private.copy_follows f set ended_at = clock_timestamp(), ended_by = 'leader' where f.leader_id = account and f.ended_at is null;
  get diagnostics followed = row_count;
  perform private.audit(account, 'copying.end_offer', jsonb_build_object('followers', followed));
  return followed;
end
$$;
