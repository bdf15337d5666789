-- Does what app.reconcile_positions does, appends an event if that changed anything,
-- and records the agreement (app.record_agreement) unless a symbol is unsettled: for a
-- reconciliation of an account at rest, which takes one transaction for it.
create or replace function app.settle_positions(p_account uuid, p_positions jsonb, p_at timestamptz, p_moves jsonb, p_before jsonb,
  p_doubts bigint, p_max_age interval, p_newest timestamptz, out unsettled text[])
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  changed boolean;
begin
  select s.changed, s.unsettled into changed, settle_positions.unsettled
    from app.reconcile_positions(p_account, p_positions, p_at, p_moves, p_before, null) s;
  if changed then
    perform private.append_event('position', jsonb_build_object('positions', p_positions), null);
  end if;
  if settle_positions.unsettled = '{}' then
    perform app.record_agreement(p_account, p_at, p_doubts, p_max_age, p_newest);
  end if;
end
$$;
