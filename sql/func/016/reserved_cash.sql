-- Returns what a sleeve's buys may still take from its cash: those that are open, and
-- those of which not every execution is known yet. Each keeps the part of its cost that
-- was not booked. So does one that is to be replaced: it may fill until the broker
-- replaces it, and the broker gives the new order the whole quantity all the same.
create or replace function app.reserved_cash(p_account uuid, p_sleeve uuid) returns numeric
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  -- Of an exercise that is under way the shares are to be paid, until it is in the journal.
  -- Multiplied before it is divided: a quotient that was cut off would keep a cent too much.
  return (select coalesce(sum(round(ceil(case
        when not o.is_open then o.sleeve_cost * 100 * greatest(o.filled_qty - o.fills_qty, 0) / nullif(o.filled_qty, 0)
        when o.qty is not null then o.sleeve_cost * 100 * greatest(o.qty - o.fills_qty, 0) / o.qty
        else o.sleeve_cost * 100 * (o.notional - least(coalesce(o.fills_qty * o.filled_avg_price, 0), o.notional)) / o.notional
      end) / 100, 2)), 0)
    from app.alpaca_orders o
    where o.account_id = p_account and o.sleeve_id = p_sleeve and (o.is_open or o.fills_differ) and o.sleeve_cost > 0)
    + (select coalesce(sum(e.qty * e.price), 0) from app.exercises e
      where e.account_id = p_account and e.side = 'buy' and e.state <> 'refused' and e.requested_at > clock_timestamp() - interval '4 days'
        and exists (select from app.trading_positions t where t.account_id = p_account and t.scope = 'sleeve' and t.scope_value = p_sleeve::text
          and t.symbol = e.contract and t.closed_at is null));
end
$$;
