-- Returns why the account is halted, ' ' if no reason was given, and NULL if it
-- is not halted.
create or replace function app.halt_reason(p_account uuid) returns text
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select coalesce(g.switch_reason, ' ') from app.account_guards g where g.account_id = p_account and g.switch = 'halted');
end
$$;
