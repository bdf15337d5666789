-- Returns a text for what lists of orders, executions and round trips show of the
-- account now. It is another one whenever any of them has changed, or the mirror
-- has agreed with the broker again: private.note_change and app.stream_cursors.
-- NULL where the account has no event yet.
create or replace function app.state_tag(p_account uuid) returns text
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select left(encode(sha256(convert_to(concat_ws('|', h.account_id, h.last_seq, h.last_at, h.changes, c.agreed_at), 'UTF8')), 'hex'), 32)
    from app.event_heads h left join app.stream_cursors c on c.account_id = p_account
    where h.account_id = p_account);
end
$$;
