-- Whether guards may judge an order by the mirror: it agreed with the broker,
-- nothing has cast a doubt on it since that look began (private.doubt_mirror:
-- the stream broke off or came back, keys were stored, a position was told that
-- does not fit), and it is no older than health allows.
create or replace function app.mirror_is_current(p_account uuid) returns boolean
stable set search_path = pg_catalog, pg_temp
language sql
return exists (select from app.stream_cursors c
  where c.account_id = p_account and c.doubts = c.doubts_settled and app.is_fresh(c.agreed_at, c.unbroken_since, c.max_age));
