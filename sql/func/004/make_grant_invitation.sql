-- Makes an invitation to the admitted account, or, admitted to none, to all accounts of
-- the admitted user, also those to come. p_digest is the SHA-256 of the link's token.
-- Where p_email is not null, a user of this address alone can take it up.
--
-- 42501: the admitted user does not own the account, or has come with an API token. PD419:
-- it takes a step-up, as give_grant and give_standing_grant do. PD457: as in private.set_guards. PD436: the user has made
-- 50 in a day, each of which may have been mailed.
create or replace function private.make_grant_invitation(p_id uuid, p_digest bytea, p_email text, p_role text, p_grant_expires_at timestamptz,
  p_expires_at timestamptz) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  account uuid;
begin
  if private.account_id() is not null then
    account := private.require_account('sharing an account', 'manage');
    perform private.require_step_up();
    perform private.require_approval('grant', jsonb_build_object('invitation', true, 'email', lower(p_email), 'role', p_role, 'expires_at', app.rfc3339(p_grant_expires_at)));
    perform private.lock_sharing(account);
  elsif who is null or private.token_id() is not null then
    raise exception 'sharing accounts takes a session' using errcode = '42501';
  elsif not private.has_stepped_up() then
    raise exception 'this session has to show its password or a code again' using errcode = 'PD419';
  end if;
  perform from auth."user" u where u.id = who for no key update; -- one at a time
  if (select count(*) from private.invitations i where i.user_id = who and i.created_at > now() - interval '1 day') >= 50 then
    raise exception 'a user may make 50 invitations a day' using errcode = 'PD436';
  end if;
  insert into private.invitations (id, user_id, digest, email, role, all_accounts, grant_expires_at, expires_at)
    values (p_id, who, p_digest, lower(p_email), p_role, account is null, p_grant_expires_at, p_expires_at);
  if account is not null then
    insert into private.invitation_accounts (account_id, invitation_id) values (account, p_id);
  end if;
  perform private.audit(account, 'invitation.create',
    jsonb_build_object('invitation_id', p_id, 'role', p_role, 'expires_at', p_expires_at), case when account is null then who else '' end);
end
$$;
