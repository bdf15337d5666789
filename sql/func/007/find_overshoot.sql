-- Finds and records an overshoot whose cause is reported late: of order o's
-- symbol p_moved units more were traded on side p_side at the time p_at, before
-- a closing on the same side that is recorded already, so that the closing had
-- less to close than it traded. p_side is o's own where it was filled, and the
-- other one where fills of it were taken back. Before and after are by the
-- broker's clock.
create or replace function app.find_overshoot(o app.alpaca_orders, p_moved numeric, p_side text, p_at timestamptz) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  beyond numeric := app.held_quantity(o.account_id, o.symbol) * case p_side when 'sell' then -1 else 1 end;
  closing app.alpaca_orders;
  more numeric;
begin
  if beyond <= 0 then
    return; -- no order on this side has traded beyond an empty position
  end if;
  select c.* into closing from app.alpaca_orders c
    where c.account_id = o.account_id and c.symbol = o.symbol and c.side = p_side and c.reduce_only and c.filled_qty > 0
      and coalesce(c.filled_at, c.broker_updated_at) >= p_at
    order by coalesce(c.filled_at, c.broker_updated_at) desc limit 1;
  if found then
    more := least(closing.filled_qty, beyond) - least(closing.filled_qty, greatest(0, beyond - p_moved));
    perform app.record_overshoot(closing, more);
  end if;
end
$$;
