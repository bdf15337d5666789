-- Makes the intent of a wind-down's closing and returns it for the worker to
-- send; returns a row of NULLs if the wind-down does not run any more. The
-- trigger on orders checks that it only reduces. Where sleeves hold the position it is
-- for one of them, and the next call for the next: so each sells what it holds.
create or replace function app.make_closing(p_account uuid, p_wind_down uuid, p_symbol text, p_side text, p_qty numeric) returns app.alpaca_orders
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  new_id uuid := gen_random_uuid();
  held app.alpaca_positions;
  crypto boolean;
  made app.alpaca_orders;
  sleeve record;
begin
  select p.* into held from app.alpaca_positions p where p.account_id = p_account and p.symbol = p_symbol;
  crypto := coalesce(held.asset_class = 'crypto', false);
  select h.id, least(p_qty, h.qty) as qty into sleeve
    from (
      select t.scope_value::uuid as id, app.held_in_sleeves(p_account, p_symbol, t.scope_value::uuid)
        - (select q.sells from app.open_quantities(p_account, p_symbol, p_parked => false, p_sleeve => t.scope_value::uuid) q) as qty
      from app.trading_positions t
      where t.account_id = p_account and t.scope = 'sleeve' and t.closed_at is null and app.position_symbol(t.symbol) = app.position_symbol(p_symbol)
    ) h
    where p_side = 'sell' and h.qty > 0 order by h.id limit 1;
  insert into app.alpaca_orders as o (account_id, id, client_order_id, request_hash, request, submitted_by, symbol, side, type, time_in_force,
      position_intent, qty, reduce_only, wind_down_id, sleeve_id)
    select p_account, new_id, new_id::text, sha256(convert_to(new_id::text, 'UTF8')), jsonb_build_object('close', p_symbol, 'wind_down', p_wind_down),
      w.asked_by, p_symbol, p_side, 'market', case when crypto then 'gtc' else 'day' end,
      -- Alpaca refuses an order that is marked as closing and would open a
      -- position. Coins cannot be sold short, and take no such mark.
      case when not crypto then p_side || '_to_close' end, coalesce(sleeve.qty, p_qty), true, p_wind_down, sleeve.id
    from app.wind_downs w where w.account_id = p_account and w.id = p_wind_down and w.state = 'running'
    returning o.* into made;
  if made.id is not null then
    perform private.append_event('order', app.order_event('submitting', made), null);
  end if;
  return made;
end
$$;
