-- Does what app.reconcile_order does, for one order of many: if Postgres
-- refuses what the order contains, refused says why, and the other orders of
-- the transaction are recorded.
create or replace function app.try_reconcile_order(p_account uuid, p_order text, p_what text, p_sent_at timestamptz, p_age interval, out before jsonb, out after jsonb, out refused text)
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  select r.before, r.after into try_reconcile_order.before, try_reconcile_order.after from app.reconcile_order(p_account, p_order::jsonb, p_what, p_sent_at, p_age) r;
exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
  before := null;
  after := null;
  refused := sqlstate || ' ' || sqlerrm;
end
$$;
