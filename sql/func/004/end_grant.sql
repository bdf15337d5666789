-- Takes a user's role on an account, which one of its owners does, or the user by leaving.
-- Reports whether they had one. It takes a session and no admission to the account: who
-- has it for reports alone may leave it, too.
--
-- PD403: the admitted user has no role on the account. 42501: they have, but do not own
-- it, or have come with an API token. PD437: it is the last owner's.
create or replace function private.end_grant(p_account uuid, p_user text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  their_role text;
begin
  if who is null or private.token_id() is not null then
    raise exception 'taking a role takes a session' using errcode = '42501';
  end if;
  perform from app.user_accounts u where u.id = p_account for no key update;
  if not exists (select from app.account_grants g where g.account_id = p_account and g.user_id = who
      and (g.expires_at is null or g.expires_at > now())) then
    raise exception 'no access to this account' using errcode = 'PD403';
  end if;
  if who <> p_user then
    perform private.lock_sharing(p_account);
  end if;
  select g.role into their_role from app.account_grants g where g.account_id = p_account and g.user_id = p_user;
  if not found then
    return false;
  end if;
  if their_role = 'owner' then
    perform private.leave_ownership(p_account, p_user);
  end if;
  delete from app.account_grants g where g.account_id = p_account and g.user_id = p_user;
  return true;
end
$$;
