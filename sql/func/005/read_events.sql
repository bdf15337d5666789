-- The door of push: takes tokens of sessions and API tokens, accounts and cursors, and
-- returns only those events after each cursor that this token may read now. A cursor is
-- an event's number and, if it is known, when that event was written. idx has
-- the positions, from 1, of the inputs that a row is for: inputs with the same
-- account and cursor share their rows. For each account and cursor at most
-- p_max events and about p_bytes of their data are returned, but at least one
-- if there is any: a client that is far behind asks again, and holds up no other.
--
-- access is 'ok', 'unauthenticated', 'forbidden', 'cursor_expired' if events
-- after the cursor are no longer kept, or 'cursor_ahead' if the log has no such
-- event, or another one of this number: then the database is older than it was
-- when the event was read, or went on from there by another way. An input that is
-- not ok has one row, without an event. One that is ok and has no new events has
-- no row.
--
-- The event of a cursor is looked for in the order of the numbers, as those after
-- it are: so the index by number is taken whatever was known of the log when the
-- plan was made, and no plan reads all of it.
--
-- Sequential scans are off because plans are kept: one made in the first minute
-- of a month, when the partition is empty, would scan the whole partition for
-- each cursor until the next ANALYZE.
--
-- A grant is looked for by account and user, in a subselect that is not merged
-- into the join: merged, all grants of the user were read for each input. What was
-- looked up is not kept for the next input (enable_memoize), which is mostly
-- another.
create or replace function private.read_events(p_tokens text[], p_accounts uuid[], p_cursors bigint[], p_marks timestamptz[], p_max integer, p_bytes integer)
returns table (idx integer[], access text, seq bigint, kind text, at timestamptz, data text)
stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_memoize = off
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  with asked as materialized (
    select t.n::integer as idx, t.account_id, t.cursor, h.last_seq,
      case when s.id is null then 'unauthenticated'
           when g.account_id is null then 'forbidden'
           when t.cursor > h.last_seq then 'cursor_ahead'
           when t.cursor < h.dropped_seq then 'cursor_expired'
           when t.mark is null or t.mark = case t.cursor when h.last_seq then h.last_at when h.dropped_seq then h.dropped_at end then 'ok'
           when t.cursor in (h.last_seq, h.dropped_seq) or t.mark is distinct from (
             select e.at from app.account_events e where e.account_id = h.account_id and e.seq >= t.cursor order by e.seq limit 1) then 'cursor_ahead'
           else 'ok' end as access
    from unnest(p_tokens, p_accounts, p_cursors, p_marks) with ordinality as t (token, account_id, cursor, mark, n)
    left join lateral private.sign_in(t.token, t.account_id) s on true
    left join lateral (
      select g.account_id from private.usable_grants() g
      where g.account_id = t.account_id and g.user_id = s.user_id and s.reaches offset 0) g on true
    left join app.event_heads h on h.account_id = g.account_id
  ), places as materialized (
    select array_agg(a.idx order by a.idx) as idx, a.account_id, a.cursor
      from asked a where a.access = 'ok' and a.last_seq > a.cursor
      group by a.account_id, a.cursor
  )
  select p.idx, 'ok', e.seq, e.kind, e.at, e.text
    from places p
    cross join lateral (
      select n.*, sum(octet_length(n.text)) over (order by n.seq) - octet_length(n.text) as before
      from (
        select e.seq, e.kind, e.at, e.data::text as text from app.account_events e
        where e.account_id = p.account_id and e.seq > p.cursor
        order by e.seq limit p_max) n) e
    where e.before < p_bytes
  union all
  select array[a.idx], a.access, null, null, null, null
    from asked a where a.access <> 'ok'
  order by 1, 3;
end
$$;
