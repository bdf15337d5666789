-- Gives a user who has a role on the admitted account the role p_role, unless it is null,
-- and the end p_expires_at where p_ends says that it is meant. Reports whether there is
-- such a user. What was given on all accounts is from then on a grant on this one.
--
-- 42501: the admitted user does not own the account. PD419: the account is live and the
-- user may more than before, which takes a step-up. PD457: as in private.set_guards. PD437: the last owner would be none.
-- PD438: an owner would have an end.
create or replace function private.change_grant(p_user text, p_role text, p_expires_at timestamptz, p_ends boolean) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('sharing an account', 'manage');
  before app.account_grants;
  after app.account_grants;
begin
  perform private.lock_event_log(); -- before the account's row, as all do who lock both
  perform private.lock_sharing(account);
  select g.* into before from app.account_grants g where g.account_id = account and g.user_id = p_user;
  if not found then
    return false;
  end if;
  after := before;
  after.role := coalesce(p_role, before.role);
  if p_ends then
    after.expires_at := p_expires_at;
  end if;
  if after.role = 'owner' and after.expires_at is not null then
    raise exception 'an owner has no end' using errcode = 'PD438';
  end if;
  if before.expires_at <= now() -- it gave nothing
      or coalesce(after.expires_at, 'infinity') > coalesce(before.expires_at, 'infinity')
      or after.role <> before.role and before.role <> 'owner' and not (after.role <> 'reports' and coalesce(
        string_to_array(private.scopes_for_role(after.role, true), ',') <@ string_to_array(private.scopes_for_role(before.role, true), ','), false)) then
    perform private.require_step_up();
    perform private.require_approval('grant', jsonb_build_object('user_id', p_user, 'role', after.role, 'expires_at', app.rfc3339(after.expires_at)));
  end if;
  if before.role = 'owner' and after.role <> 'owner' then
    perform private.leave_ownership(account, p_user);
  end if;
  update app.account_grants g
    set role = after.role, expires_at = after.expires_at, given_by = private.user_id(), standing_of = null,
      created_at = case when after.role = before.role then g.created_at else now() end
    where g.account_id = account and g.user_id = p_user;
  return true;
end
$$;
