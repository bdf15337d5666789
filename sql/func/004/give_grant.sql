-- Gives the user of an email address a role on the admitted account, and returns the
-- user's id; null where nobody has the address.
--
-- 42501: the admitted user does not own the account. PD419: the account is live, which
-- takes a step-up. PD457: as in private.set_guards. PD436, PD438, PD440: as put_grant says. PD439: as user_to_share_with says.
create or replace function private.give_grant(p_email text, p_role text, p_expires_at timestamptz) returns text
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('sharing an account', 'manage');
  other text;
begin
  perform private.require_step_up();
  perform private.require_approval('grant', jsonb_build_object('email', lower(p_email), 'role', p_role, 'expires_at', app.rfc3339(p_expires_at)));
  perform private.lock_sharing(account);
  other := private.user_to_share_with(p_email);
  if other is not null then
    perform private.put_grant(account, other, p_role, p_expires_at, private.user_id());
  end if;
  return other;
end
$$;
