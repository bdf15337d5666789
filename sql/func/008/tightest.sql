-- Returns the guards g with the limits of t where these are tighter. How many orders may
-- be sent, how many may be refused in a row and how often a heartbeat must come stay g's,
-- since each of these is counted for each by itself.
create or replace function app.tightest(g app.account_guards, t app.account_guards) returns app.account_guards
immutable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  g.max_order_notional := least(g.max_order_notional, t.max_order_notional);
  g.max_position_notional := least(g.max_position_notional, t.max_position_notional);
  g.max_position_qty := least(g.max_position_qty, t.max_position_qty);
  g.max_open_orders := least(g.max_open_orders, t.max_open_orders);
  g.daily_loss_limit := least(g.daily_loss_limit, t.daily_loss_limit);
  g.max_drawdown := least(g.max_drawdown, t.max_drawdown);
  g.approval_above := least(g.approval_above, t.approval_above);
  g.allowed_symbols := app.common_symbols(g.allowed_symbols, t.allowed_symbols);
  g.allowed_sides := case when g.allowed_sides is null then t.allowed_sides when t.allowed_sides is null then g.allowed_sides
    else array(select s from unnest(g.allowed_sides) s where s = any (t.allowed_sides)) end;
  return g;
end
$$;
