-- Returns how many orders, replacements included, were sent from here since the last
-- midnight in New York. Days after today count too: the clock was set back.
create or replace function app.orders_sent_today(p_account uuid) returns bigint
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select coalesce(sum(c.sent), 0) from app.order_counts c
    where c.account_id = p_account and c.day >= (clock_timestamp() at time zone 'America/New_York')::date);
end
$$;
