-- Returns for each session's or API token, account and cursor whether it may
-- read the account now: access is 'ok', 'unauthenticated' or 'forbidden'. For an
-- account of NULL only the session is checked. idx is the input's position, from
-- 1. user_id is the session's user, and until the time at which the session or
-- the grant ends.
--
-- If the session may read the account, place says whether the log can be gone on
-- with after the cursor: 'ok', 'cursor_expired' or 'cursor_ahead', as read_events
-- says it. head is the number of the log's newest event and mark when the event
-- of the cursor was written, or the newest one for a cursor of NULL.
create or replace function private.check_access(p_tokens text[], p_accounts uuid[], p_cursors bigint[], p_marks timestamptz[])
returns table (idx integer, access text, user_id text, until timestamptz, place text, head bigint, mark timestamptz)
stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  select t.n::integer,
    case when s.id is null then 'unauthenticated'
         when t.account_id is not null and g.account_id is null then 'forbidden'
         else 'ok' end,
    s.user_id,
    least(s.expires_at, g.expires_at),
    case when h.account_id is null then null
         when t.cursor > h.last_seq then 'cursor_ahead'
         when t.cursor < h.dropped_seq then 'cursor_expired'
         when t.mark is not null and t.mark is distinct from e.at then 'cursor_ahead'
         else 'ok' end,
    h.last_seq,
    e.at
  from unnest(p_tokens, p_accounts, p_cursors, p_marks) with ordinality as t (token, account_id, cursor, mark, n)
  left join lateral private.sign_in(t.token, t.account_id) s on true
  left join private.usable_grants() g on g.account_id = t.account_id and g.user_id = s.user_id and s.reaches
  left join app.event_heads h on h.account_id = g.account_id
  left join lateral (
    select case coalesce(t.cursor, h.last_seq) when h.last_seq then h.last_at when h.dropped_seq then h.dropped_at
      else (select e.at from app.account_events e where e.account_id = h.account_id and e.seq >= t.cursor order by e.seq limit 1) end as at) e on true
  order by t.n;
end
$$;
