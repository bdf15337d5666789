-- Returns, as the API shows it, what the invitation of a token's digest is for.
-- PD441: there is none, or it does not hold. PD442: it is for another address than the
-- admitted user's. 42501: it takes a session.
create or replace function private.look_at_invitation(p_digest bytea) returns jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  invitation private.invitations := private.open_invitation(p_digest);
begin
  if who is null or private.token_id() is not null then
    raise exception 'an invitation takes a session' using errcode = '42501';
  end if;
  if invitation.id is null then
    raise exception 'there is no such invitation' using errcode = 'PD441';
  end if;
  if invitation.email <> (select u.email from auth."user" u where u.id = who) then
    raise exception 'the invitation is for another address' using errcode = 'PD442';
  end if;
  return (select jsonb_build_object('role', invitation.role, 'all_accounts', invitation.all_accounts,
      'account', (select jsonb_build_object('id', a.id, 'name', a.name, 'environment', a.environment)
        from private.invitation_accounts i join app.user_accounts a on a.id = i.account_id where i.invitation_id = invitation.id),
      'grant_expires_at', app.rfc3339(invitation.grant_expires_at), 'expires_at', app.rfc3339(invitation.expires_at),
      'made_by', jsonb_build_object('user_id', u.id, 'name', u.name, 'email', u.email))
    from auth."user" u where u.id = invitation.user_id);
end
$$;
