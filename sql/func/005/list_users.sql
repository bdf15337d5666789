-- Returns all users, the oldest first, with how many living sessions they have, how
-- many accounts they own, and since when they are disabled (NULL where they are not).
create or replace function private.list_users()
returns table (id text, email text, name text, created_at timestamptz, sessions bigint, accounts bigint, disabled_since timestamptz)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select u.id, u.email, u.name, u."createdAt", coalesce(s.n, 0), coalesce(a.n, 0), d.since
    from auth."user" u
    left join (select s."userId" as user_id, count(*) as n from auth.session s where s."expiresAt" > now() group by 1) s on s.user_id = u.id
    left join (select a.user_id, count(*) as n from app.user_accounts a group by 1) a on a.user_id = u.id
    left join auth.disabled_users d on d.user_id = u.id
    order by u."createdAt", u.id
$$;
