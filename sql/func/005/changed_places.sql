-- The question of push's sweep: takes what read_events takes, and returns a row
-- for each input of which something has changed. access is 'ok' if the account's
-- newest event is not the one of the cursor, so that read_events has something
-- to say, and else 'unauthenticated' or 'forbidden'. idx is the input's position,
-- from 1. For an account of NULL only the session is checked.
--
-- It reads no events, and a few rows by their keys for each input: thousands of
-- connections are looked at each second.
create or replace function private.changed_places(p_tokens text[], p_accounts uuid[], p_cursors bigint[], p_marks timestamptz[])
returns table (idx integer, access text)
stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_memoize = off
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  select t.n::integer,
    case when s.id is null then 'unauthenticated'
         when t.account_id is not null and g.account_id is null then 'forbidden'
         else 'ok' end
  from unnest(p_tokens, p_accounts, p_cursors, p_marks) with ordinality as t (token, account_id, cursor, mark, n)
  left join lateral private.sign_in(t.token, t.account_id) s on true
  left join lateral (
    select g.account_id from private.usable_grants() g
    where g.account_id = t.account_id and g.user_id = s.user_id and s.reaches offset 0) g on true
  left join app.event_heads h on h.account_id = g.account_id
  where s.id is null
    or t.account_id is not null and (g.account_id is null or h.last_seq <> t.cursor or h.last_at <> t.mark);
end
$$;
