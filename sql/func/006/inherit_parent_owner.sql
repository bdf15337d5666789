-- A leg that is seen before its order, and what replaces an order that is not
-- known yet, become whoever's that order is when that is learnt.
create or replace function app.inherit_parent_owner() returns trigger
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  select coalesce(new.submitted_by, kin.submitted_by), coalesce(new.orchestrator_agent_id, kin.orchestrator_agent_id), coalesce(new.tag, kin.tag)
    into new.submitted_by, new.orchestrator_agent_id, new.tag
    from (values (1)) one
    left join app.alpaca_orders kin on kin.account_id = new.account_id and kin.alpaca_order_id = coalesce(new.parent_alpaca_order_id, new.replaces);
  return new;
end
$$;
