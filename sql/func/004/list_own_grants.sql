-- Returns, as the API shows it, which roles the admitted user has on which accounts, those
-- for reports too; which the user has on all accounts of others; and which others have on
-- all of theirs. 42501: it takes a session.
create or replace function private.list_own_grants() returns jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
begin
  if who is null or private.token_id() is not null then
    raise exception 'listing roles takes a session' using errcode = '42501';
  end if;
  return jsonb_build_object(
    'accounts', (select coalesce(jsonb_agg(jsonb_build_object('account_id', g.account_id, 'name', a.name, 'environment', a.environment, 'role', g.role,
        'all_accounts', g.standing_of is not null, 'since', app.rfc3339(g.created_at), 'expires_at', app.rfc3339(g.expires_at),
        'given_by', case when b.id is not null then jsonb_build_object('user_id', b.id, 'name', b.name, 'email', b.email) end)
        order by g.created_at, g.account_id), '[]')
      from app.account_grants g join app.user_accounts a on a.id = g.account_id left join auth."user" b on b.id = g.given_by
      where g.user_id = who and (g.expires_at is null or g.expires_at > now())),
    'all_accounts_of', (select coalesce(jsonb_agg(jsonb_build_object('user_id', u.id, 'name', u.name, 'email', u.email, 'role', s.role,
        'since', app.rfc3339(s.created_at), 'expires_at', app.rfc3339(s.expires_at)) order by s.created_at, u.id), '[]')
      from private.standing_grants s join auth."user" u on u.id = s.owner_id
      where s.user_id = who and (s.expires_at is null or s.expires_at > now())),
    'given_on_all_accounts', (select coalesce(jsonb_agg(jsonb_build_object('user_id', u.id, 'name', u.name, 'email', u.email, 'role', s.role,
        'state', case when s.expires_at <= now() then 'expired' else 'active' end,
        'since', app.rfc3339(s.created_at), 'expires_at', app.rfc3339(s.expires_at)) order by s.created_at, u.id), '[]')
      from private.standing_grants s join auth."user" u on u.id = s.user_id
      where s.owner_id = who));
end
$$;
