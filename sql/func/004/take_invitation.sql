-- Gives the admitted user the role of the invitation of a token's digest, which it uses
-- up, and returns what it was for, as look_at_invitation does. Of two who take it up at
-- the same moment one waits, and finds it used.
--
-- PD440: the user has a role there already, and then the invitation is not used up.
-- PD436: as put_grant and put_standing_grant say. PD441, PD442, 42501: as
-- look_at_invitation says.
create or replace function private.take_invitation(p_digest bytea) returns jsonb
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  shown jsonb := private.look_at_invitation(p_digest);
  account uuid := (shown->'account'->>'id')::uuid;
  invitation private.invitations;
begin
  perform from app.user_accounts u where u.id = account for no key update; -- as all do who change who has it
  invitation := private.open_invitation(p_digest);
  update private.invitations i set ended_at = clock_timestamp(), taken_by = who where i.id = invitation.id and i.ended_at is null;
  if not found then
    raise exception 'there is no such invitation' using errcode = 'PD441';
  end if;
  if account is not null then
    perform private.put_grant(account, who, invitation.role, invitation.grant_expires_at, invitation.user_id);
  elsif invitation.user_id = who then
    raise exception 'these are the user''s own accounts' using errcode = 'PD440';
  else
    perform private.put_standing_grant(invitation.user_id, who, invitation.role, invitation.grant_expires_at);
  end if;
  perform private.audit(account, 'invitation.take', jsonb_build_object('invitation_id', invitation.id, 'role', invitation.role),
    case when account is null then invitation.user_id else '' end);
  return shown;
end
$$;
