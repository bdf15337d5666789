-- Returns the invitation of a token's digest where it holds: nobody has taken it up or
-- back, its time is not over, and who invites may still do so; a row of nulls otherwise.
create or replace function private.open_invitation(p_digest bytea) returns private.invitations
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  invitation private.invitations;
begin
  select i.* into invitation from private.invitations i
    where i.digest = p_digest and i.ended_at is null and i.expires_at > now()
      and not exists (select from auth.disabled_users d where d.user_id = i.user_id)
      and (i.all_accounts or exists (select from private.invitation_accounts a
        join private.usable_grants() g on g.account_id = a.account_id and g.user_id = i.user_id and g.role = 'owner'
        where a.invitation_id = i.id));
  return invitation;
end
$$;
