-- Finds and records what closings on side p_side overshot, after order o was
-- filled with p_moved units on that side at the time p_at, or after as much of it
-- on the other side was taken back. o may be such a closing itself, or the cause
-- of an overshoot that is told late: then closings that are recorded already had
-- less to close than they traded.
--
-- It goes back from the position of now, from the newest order to the one of
-- p_at, and so knows which position each closing left behind, also where that was
-- traded back since. Before and after are by the broker's clock.
create or replace function app.find_overshoots(o app.alpaca_orders, p_moved numeric, p_side text, p_at timestamptz) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  beyond numeric := app.held_quantity(o.account_id, o.symbol) * case p_side when 'sell' then -1 else 1 end; -- an empty position
  x app.alpaca_orders;
begin
  if not exists (select from app.stream_cursors c where c.account_id = o.account_id and c.agreed_at is not null)
      or not exists (select from app.alpaca_orders c
        where c.account_id = o.account_id and c.symbol = o.symbol and c.side = p_side and c.reduce_only and c.filled_qty > 0
          and case when c.filled_at is null then c.broker_updated_at else c.filled_at end >= p_at) then
    return;
  end if;
  for x in
    select t.* from app.alpaca_orders t
      where t.account_id = o.account_id and t.symbol = o.symbol and t.filled_qty > 0
        and case when t.filled_at is null then t.broker_updated_at else t.filled_at end >= p_at
      -- Of one time, a closing counts as the later one.
      order by case when t.filled_at is null then t.broker_updated_at else t.filled_at end desc, (t.reduce_only and t.side = p_side) desc, t.created_at desc, t.id
  loop
    if x.reduce_only and x.side = p_side then
      perform app.record_overshoot(x, least(p_moved, least(x.filled_qty, beyond) - x.overshot_qty));
    end if;
    beyond := beyond - x.filled_qty * case x.side when p_side then 1 else -1 end;
  end loop;
end
$$;
