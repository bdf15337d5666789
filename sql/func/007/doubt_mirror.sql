-- Puts an account's mirror in doubt: guards do not trust it until a
-- reconciliation that begins after this has agreed with the broker.
create or replace function app.doubt_mirror(p_account uuid) returns void
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  update app.stream_cursors c set doubts = c.doubts + 1 where c.account_id = p_account
$$;
