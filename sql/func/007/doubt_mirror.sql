-- Casts a doubt on an account's mirror: until it has agreed with the broker
-- again, by a look that begins after this, guards do not judge by it.
create or replace function app.doubt_mirror(p_account uuid) returns void
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  update app.stream_cursors c set doubts = c.doubts + 1 where c.account_id = p_account
$$;
