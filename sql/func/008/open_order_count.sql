-- Returns how many orders of an account are open at the broker, exits included
-- (app.broker_order_count). p_without is the broker's id of one that does not count, since
-- another is to take its place.
create or replace function app.open_order_count(p_account uuid, p_without uuid default null) returns bigint
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select coalesce(sum(app.broker_order_count(o.action, o.order_class, o.alpaca_order_id, o.parent_alpaca_order_id)), 0)
    from app.alpaca_orders o
    where o.account_id = p_account and not app.is_ended(o.status)
      and (p_without is null or o.alpaca_order_id is distinct from p_without));
end
$$;
