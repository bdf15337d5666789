-- Returns the open invitations to the admitted account, as the API shows them, newest
-- first; admitted to none, those of the admitted user to all of theirs. With p_id that one
-- alone. 42501: the admitted user does not own the account, or has come with an API token.
create or replace function private.list_invitations(p_id uuid default null) returns setof jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  account uuid;
begin
  if private.account_id() is not null then
    account := private.require_account('listing invitations', 'manage');
  elsif who is null or private.token_id() is not null then
    raise exception 'listing invitations takes a session' using errcode = '42501';
  end if;
  return query
  select jsonb_build_object('id', i.id, 'email', i.email, 'role', i.role, 'all_accounts', i.all_accounts,
      'grant_expires_at', app.rfc3339(i.grant_expires_at), 'created_at', app.rfc3339(i.created_at), 'expires_at', app.rfc3339(i.expires_at),
      'made_by', jsonb_build_object('user_id', u.id, 'name', u.name, 'email', u.email))
    from private.invitations i join auth."user" u on u.id = i.user_id
    where i.ended_at is null and i.expires_at > now() and (p_id is null or i.id = p_id)
      and case when account is null then i.all_accounts and i.user_id = who
        else exists (select from private.invitation_accounts a where a.account_id = account and a.invitation_id = i.id) end
    order by i.created_at desc, i.id;
end
$$;
