-- Trigger: tells, when a position moves or is read, that most of what it may be is held
-- (private.note_use), for each symbol by itself. What is ordered and not filled yet is for
-- the guards alone.
create or replace function private.note_position() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  g record;
begin
  select t.max_position_qty, t.max_position_notional into g from app.account_guards t where t.account_id = new.account_id;
  if g.max_position_qty is not null then
    perform private.note_use(new.account_id, 'max_position_qty', abs(new.qty), g.max_position_qty, p_symbol => new.symbol);
  end if;
  if g.max_position_notional is not null then
    perform private.note_use(new.account_id, 'max_position_notional',
      round(abs(new.qty) * new.current_price * case when app.underlying(new.symbol) is null then 1 else 100 end, 2), g.max_position_notional, p_symbol => new.symbol);
  end if;
  return null;
end
$$;
