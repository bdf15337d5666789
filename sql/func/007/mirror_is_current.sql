-- Reports whether guards may judge an order by the mirror: it has agreed with
-- the broker, the agreement is fresh (app.is_fresh), and nothing has put the
-- mirror in doubt since that reconciliation began (app.doubt_mirror: the stream
-- broke off or came back, keys were stored, a reported position does not fit).
create or replace function app.mirror_is_current(p_account uuid) returns boolean
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return exists (select from app.stream_cursors c
    where c.account_id = p_account and c.doubts = c.doubts_settled and app.is_fresh(c.agreed_at, c.unbroken_since, c.max_age));
end
$$;
