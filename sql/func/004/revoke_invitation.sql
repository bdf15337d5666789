-- Takes an invitation back, which the one who made it does, or an owner of its account.
-- Reports whether there was one that was open. 42501: it takes a session.
create or replace function private.revoke_invitation(p_id uuid) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  made_by text;
  account uuid := (select a.account_id from private.invitation_accounts a where a.invitation_id = p_id);
begin
  if who is null or private.token_id() is not null then
    raise exception 'taking an invitation back takes a session' using errcode = '42501';
  end if;
  update private.invitations i set ended_at = clock_timestamp()
    where i.id = p_id and i.ended_at is null and (i.user_id = who or exists (select from private.invitation_accounts a
      join private.usable_grants() g on g.account_id = a.account_id and g.user_id = who and g.role = 'owner'
      where a.invitation_id = i.id))
    returning i.user_id into made_by;
  if made_by is null then
    return false;
  end if;
  perform private.audit(account, 'invitation.revoke', jsonb_build_object('invitation_id', p_id), case when account is null then made_by else '' end);
  return true;
end
$$;
