-- Trigger: gives a leg or a replacement the user, agent and tag of the order
-- that it belongs to, where that order becomes known only after it.
create or replace function app.inherit_parent_owner() returns trigger
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  select coalesce(new.submitted_by, parent.submitted_by), coalesce(new.orchestrator_agent_id, parent.orchestrator_agent_id), coalesce(new.tag, parent.tag)
    into new.submitted_by, new.orchestrator_agent_id, new.tag
    from (values (1)) one
    left join app.alpaca_orders parent on parent.account_id = new.account_id and parent.alpaca_order_id = coalesce(new.parent_alpaca_order_id, new.replaces);
  return new;
end
$$;
