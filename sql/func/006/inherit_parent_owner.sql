-- Trigger: gives a leg the user, API token, agent, tag and sleeve of its order, and a
-- replacement those of the order that it replaces, where it has none of its own. Either
-- may be recorded before the other order is known; this runs once both are.
create or replace function app.inherit_parent_owner() returns trigger
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  select coalesce(new.submitted_by, parent.submitted_by), coalesce(new.token_path, parent.token_path),
      coalesce(new.orchestrator_agent_id, parent.orchestrator_agent_id), coalesce(new.tag, parent.tag), coalesce(new.sleeve_id, parent.sleeve_id)
    into new.submitted_by, new.token_path, new.orchestrator_agent_id, new.tag, new.sleeve_id
    from (values (1)) one
    left join app.alpaca_orders parent on parent.account_id = new.account_id and parent.alpaca_order_id = case when new.parent_alpaca_order_id is null then new.replaces else new.parent_alpaca_order_id end;
  return new;
end
$$;
