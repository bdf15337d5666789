-- Reports whether the broker has an order that may still fill, or a position,
-- whose size cannot be read: then no sum over the account is right. An order
-- whose row here is over, or has its size, does not count.
create or replace function app.has_uncounted_items(p_account uuid) returns boolean
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return exists (
    select from app.odd_items i
    where i.account_id = p_account and i.uncounted and not exists (
      select from app.alpaca_orders o
      where o.account_id = p_account and i.what = 'order'
        and o.alpaca_order_id = case when i.item_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then i.item_id::uuid end
        and (app.is_ended(o.status)
          or o.order_class <> 'mleg' and o.symbol is not null and o.side is not null and num_nonnulls(o.qty, o.notional) > 0)));
end
$$;
