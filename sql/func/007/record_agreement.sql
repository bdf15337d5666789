-- Records that the mirror agreed with the broker as of p_at, by this server's clock,
-- with which the doubts that there were by then are settled. Without a stream that is
-- unbroken since, the agreement counts for p_max_age. p_newest is when the newest order
-- was submitted that was listed, by the broker's clock.
--
-- It is not in SQL: app.settle_positions calls it, and a function in SQL would be planned
-- anew at each call, which took as long as the statement.
create or replace function app.record_agreement(p_account uuid, p_at timestamptz, p_doubts bigint, p_max_age interval, p_newest timestamptz) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into app.stream_cursors as c (account_id, agreed_at, doubts_settled, max_age, newest_order_at)
    values (p_account, p_at, p_doubts, p_max_age, p_newest)
    on conflict (account_id) do update set agreed_at = excluded.agreed_at, doubts_settled = excluded.doubts_settled, max_age = excluded.max_age,
      newest_order_at = greatest(c.newest_order_at, excluded.newest_order_at), sync_error = null, sync_error_at = null, updated_at = now();
end
$$;
