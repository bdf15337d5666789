-- Returns who has which role on the admitted account, as the API shows it, in the order in
-- which they got it; with p_user that user alone. 42501: the admitted user does not own the account.
create or replace function private.list_grants(p_user text default null) returns setof jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('listing who has an account', 'manage');
begin
  return query
  select jsonb_build_object('user_id', g.user_id, 'name', u.name, 'email', u.email, 'email_verified', u."emailVerified", 'role', g.role,
      'state', case when g.expires_at <= now() then 'expired' else 'active' end, 'holder', g.user_id = a.user_id,
      'all_accounts', g.standing_of is not null, 'since', app.rfc3339(g.created_at), 'expires_at', app.rfc3339(g.expires_at),
      'given_by', case when b.id is not null then jsonb_build_object('user_id', b.id, 'name', b.name, 'email', b.email) end)
    from app.account_grants g join auth."user" u on u.id = g.user_id join app.user_accounts a on a.id = g.account_id
    left join auth."user" b on b.id = g.given_by
    where g.account_id = account and (p_user is null or g.user_id = p_user)
    order by g.created_at, g.user_id;
end
$$;
