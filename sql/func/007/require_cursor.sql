-- Ends the transaction, as one without the account's lease (PD403), where the
-- account's cursor is behind the newest update that the caller has applied: the
-- database came back older than it was, and what lies between must be applied
-- first. Otherwise the next update would move the cursor past it.
create or replace function app.require_cursor(p_account uuid, p_applied text) returns void
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if p_applied > coalesce((select c.last_event_id from app.stream_cursors c where c.account_id = p_account), '') then
    raise exception 'the database is older than what this stream has applied' using errcode = 'PD403';
  end if;
end
$$;
