-- Trigger: tells, when it is read what an account is worth, that most of its daily loss
-- limit or of its drawdown is used (private.note_use).
create or replace function private.note_loss() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  g record;
begin
  select t.daily_loss_limit, t.max_drawdown into g from app.account_guards t where t.account_id = new.account_id;
  if g.daily_loss_limit is not null then
    perform private.note_use(new.account_id, 'daily_loss_limit', new.last_equity - new.equity, g.daily_loss_limit);
  end if;
  if g.max_drawdown is not null then
    perform private.note_use(new.account_id, 'max_drawdown',
      (select m.equity from app.high_water_marks m where m.account_id = new.account_id) - new.equity, g.max_drawdown);
  end if;
  return null;
end
$$;
