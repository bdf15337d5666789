-- Returns how much of a symbol a sleeve holds, or with NULL all sleeves together: what
-- its round trips have, and what its orders have traded of which the executions are not
-- known yet, or less what was taken back of them.
create or replace function app.held_in_sleeves(p_account uuid, p_symbol text, p_sleeve uuid default null) returns numeric
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select coalesce(sum((t.entry_qty - t.exit_qty) * case t.direction when 'long' then 1 else -1 end), 0)
      from app.trading_positions t
      where t.account_id = p_account and t.scope = 'sleeve' and t.closed_at is null
        and (p_sleeve is null or t.scope_value = p_sleeve::text) and app.position_symbol(t.symbol) = app.position_symbol(p_symbol))
    + (select coalesce(sum((o.filled_qty - o.fills_qty) * case o.side when 'buy' then 1 else -1 end), 0)
      from app.alpaca_orders o
      where o.account_id = p_account and o.sleeve_id is not null and (p_sleeve is null or o.sleeve_id = p_sleeve)
        and (o.is_open or o.fills_differ) and app.position_symbol(o.symbol) = app.position_symbol(p_symbol));
end
$$;
