-- Returns for each pair of a session's token and an account whether the session
-- may read the account now: access is 'ok', 'unauthenticated' or 'forbidden'.
-- For an account of NULL only the session is checked. idx is the pair's
-- position, from 1. user_id is the session's user, and until the time at which
-- the session or the grant ends. If the session may read the account, head is
-- the number of the log's newest event, and dropped that of the newest event
-- which is no longer kept.
create or replace function private.check_access(p_tokens text[], p_accounts uuid[])
returns table (idx integer, access text, user_id text, until timestamptz, head bigint, dropped bigint)
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  select t.n::integer,
    case when s.token is null then 'unauthenticated'
         when t.account_id is not null and g.account_id is null then 'forbidden'
         else 'ok' end,
    s."userId",
    least(s."expiresAt", g.expires_at),
    case when g.account_id is not null then coalesce(h.last_seq, 0) end,
    case when g.account_id is not null then coalesce(h.dropped_seq, 0) end
  from unnest(p_tokens, p_accounts) with ordinality as t (token, account_id, n)
  left join auth.session s on s.token = t.token and s."expiresAt" > now()
  left join app.account_grants g on g.account_id = t.account_id and g.user_id = s."userId"
    and (g.expires_at is null or g.expires_at > now())
  left join app.event_heads h on h.account_id = g.account_id
  order by t.n;
end
$$;
