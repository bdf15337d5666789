-- Hands the admitted user's ownership of the account to a user who has a role there, and
-- leaves the admitted user the role viewer. Reports whether there is such a user. Where it
-- was the admitted user's account, it is that user's from now on.
--
-- 42501: the admitted user does not own the account. PD419: the account is live, which
-- takes a step-up. PD457: as in private.set_guards. PD429 and unique violations: as pass_account says.
create or replace function private.transfer_account(p_user text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('transferring an account', 'manage');
  who text := private.user_id();
begin
  perform private.require_step_up();
  perform private.require_approval('grant', jsonb_build_object('transfer', true, 'user_id', p_user));
  perform private.lock_sharing(account);
  update app.account_grants g set role = 'owner', expires_at = null, standing_of = null, given_by = who,
      created_at = case when g.role = 'owner' then g.created_at else now() end
    where g.account_id = account and g.user_id = p_user and g.user_id <> who
      and (g.expires_at is null or g.expires_at > now())
      and not exists (select from auth.disabled_users d where d.user_id = g.user_id);
  if not found then
    return false;
  end if;
  if exists (select from app.user_accounts u where u.id = account and u.user_id = who) then
    perform private.pass_account(account, p_user);
  end if;
  update app.account_grants g set role = 'viewer', given_by = who, created_at = now()
    where g.account_id = account and g.user_id = who;
  return true;
end
$$;
