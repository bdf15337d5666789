-- Returns how many orders each API token may send that answers for this transaction (see
-- private.token_path), for those that have such a limit.
create or replace function private.token_paces() returns table (token_id uuid, orders_per_minute integer, orders_per_day integer)
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return query select t.id, t.orders_per_minute, t.orders_per_day from private.api_tokens t
    where t.id = any (private.token_path()) and num_nonnulls(t.orders_per_minute, t.orders_per_day) > 0
    order by cardinality(t.path);
end
$$;
