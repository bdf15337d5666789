-- Ends that the admitted account follows another; whoever may cancel there may. What was
-- copied stays. Reports whether it followed.
--
-- 42501: the admission may not cancel on the account.
create or replace function private.unfollow(p_id uuid) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('ending a follow', 'cancel');
begin
  perform private.lock_event_log();
  update private.copy_follows f set ended_at = clock_timestamp(), ended_by = 'follower' where f.account_id = account and f.id = p_id and f.ended_at is null;
  if found then
    perform private.audit(account, 'copying.unfollow', jsonb_build_object('follow_id', p_id));
    return true;
  end if;
  return false;
end
$$;
