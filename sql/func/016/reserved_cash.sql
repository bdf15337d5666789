-- Returns what a sleeve's buys may still take from its cash: those that are open, and
-- those of which not every execution is known yet. Each keeps the part of its cost that
-- was not booked. p_without is an order, by the broker's id, that is to be replaced.
create or replace function app.reserved_cash(p_account uuid, p_sleeve uuid, p_without uuid default null) returns numeric
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select coalesce(sum(round(ceil(o.sleeve_cost * 100 * case
        when not o.is_open then greatest(o.filled_qty - o.fills_qty, 0) / nullif(o.filled_qty, 0)
        when o.qty is not null then greatest(o.qty - o.fills_qty, 0) / o.qty
        else greatest(1 - o.fills_qty * coalesce(o.filled_avg_price, 0) / o.notional, 0) -- greatest(null, 0) would be 0
      end) / 100, 2)), 0)
    from app.alpaca_orders o
    where o.account_id = p_account and o.sleeve_id = p_sleeve and (o.is_open or o.fills_differ) and o.sleeve_cost > 0
      and (p_without is null or o.alpaca_order_id is distinct from p_without));
end
$$;
