-- The door of push: (session, account, cursor) triples in, and out only the
-- events after each cursor that its session may read now. idx is the triple's
-- place, from 1. Of each triple come at most p_max events and about p_bytes of
-- their data, but never none: whoever is far behind asks again, and holds up
-- nobody. A cursor of -1 asks for the log's head alone. standing says
-- 'ok', 'unauthenticated' or 'forbidden'; a triple that may not read has one
-- row without an event, one that may and has no news has none.
create function private.read_events(p_tokens text[], p_accounts uuid[], p_cursors bigint[], p_max integer, p_bytes integer)
returns table (idx integer, standing text, seq bigint, kind text, at timestamptz, data text)
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  with asked as materialized (
    select t.n::integer as idx, t.account_id, t.cursor,
      case when s.token is null then 'unauthenticated'
           when g.account_id is null then 'forbidden'
           else 'ok' end as standing
    from unnest(p_tokens, p_accounts, p_cursors) with ordinality as t (token, account_id, cursor, n)
    left join auth.session s on s.token = t.token and s."expiresAt" > now()
    left join app.account_grants g on g.account_id = t.account_id and g.user_id = s."userId"
      and (g.expires_at is null or g.expires_at > now())
  )
  select a.idx, a.standing, e.seq, e.kind, e.at, e.text
    from asked a
    cross join lateral (
      select n.*, sum(octet_length(n.text)) over (order by n.seq) - octet_length(n.text) as before
      from (
        select e.seq, e.kind, e.at, e.data::text as text from app.account_events e
        where e.account_id = a.account_id and e.seq > a.cursor
        order by e.seq limit p_max) n) e
    where a.standing = 'ok' and a.cursor >= 0 and e.before < p_bytes
  union all
  select a.idx, a.standing, coalesce(h.last_seq, 0), null, null, null
    from asked a left join app.event_heads h on h.account_id = a.account_id
    where a.standing = 'ok' and a.cursor < 0
  union all
  select a.idx, a.standing, null, null, null, null
    from asked a where a.standing <> 'ok'
  order by 1, 3;
end
$$;
