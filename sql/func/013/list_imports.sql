-- Returns the imports, oldest first, or the one of this id.
create or replace function private.list_imports(p_import uuid default null)
returns table (account_id uuid, id uuid, account text, environment text, owner text, source text, state text, moved_keys boolean,
  started_at timestamptz, ended_at timestamptz, taken bigint, refused bigint)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select i.account_id, i.id, a.name, a.environment, u.email, i.source, i.state, i.moved_keys, i.started_at, i.ended_at, coalesce(n.taken, 0)::bigint,
      coalesce(n.refused, 0)::bigint
    from private.imports i
    join app.user_accounts a on a.id = i.account_id
    join auth."user" u on u.id = a.user_id
    left join lateral (select sum(t.taken) as taken, sum(t.refused) as refused from private.import_tables t
      where t.account_id = i.account_id and t.import_id = i.id) n on true
    where p_import is null or i.id = p_import
    order by i.started_at, i.id
$$;
