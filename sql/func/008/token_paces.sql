-- Returns how many orders each API token may send that answers for this transaction (see
-- private.token_path), for those that have such a limit, and how many it and those that
-- were made of it have sent on an account since the last midnight in New York. Days after
-- today count too: the clock was set back.
create or replace function private.token_paces(p_account uuid)
returns table (token_id uuid, orders_per_minute integer, orders_per_day integer, sent_today bigint)
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return query select t.id, t.orders_per_minute, t.orders_per_day,
      (select coalesce(sum(c.sent), 0) from private.token_order_counts c
        where c.account_id = p_account and c.token_id = t.id and c.day >= (clock_timestamp() at time zone 'America/New_York')::date)
    from private.api_tokens t
    where t.id = any (private.token_path()) and num_nonnulls(t.orders_per_minute, t.orders_per_day) > 0
    order by cardinality(t.path);
end
$$;
