-- Trigger: gives a leg the user, API token, agent, tag and sleeve of its order, and a
-- replacement those of the order that it replaces, where it has none of its own. Either
-- may be recorded before the other order is known; this runs once both are. What was
-- executed until then was booked to nobody: the executions are asked for again
-- (app.update_fills_totals).
--
-- A buy that was placed elsewhere in the place of a sleeve's passed no guard, and takes
-- from the sleeve's cash what it may cost, or while nobody knows that, what the order
-- before it may have cost for as many.
create or replace function app.inherit_parent_owner() returns trigger
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  parent app.alpaca_orders;
begin
  select o.* into parent from app.alpaca_orders o where o.account_id = new.account_id
    and o.alpaca_order_id = case when new.parent_alpaca_order_id is null then new.replaces else new.parent_alpaca_order_id end;
  if not found then
    return new;
  end if;
  if new.fills_qty <> 0 and (new.orchestrator_agent_id is null and parent.orchestrator_agent_id is not null
      or new.tag is null and parent.tag is not null or new.sleeve_id is null and parent.sleeve_id is not null
      or new.submitted_by is null and parent.submitted_by is not null or new.token_path is null and parent.token_path is not null) then
    new.fills_qty := 0;
    new.fills_avg_price := null;
    new.fills_asked := 0;
    new.fills_asked_at := null;
  end if;
  new.submitted_by := coalesce(new.submitted_by, parent.submitted_by);
  new.token_path := coalesce(new.token_path, parent.token_path);
  new.orchestrator_agent_id := coalesce(new.orchestrator_agent_id, parent.orchestrator_agent_id);
  new.tag := coalesce(new.tag, parent.tag);
  new.sleeve_id := coalesce(new.sleeve_id, parent.sleeve_id);
  if new.sleeve_id is not null and new.sleeve_cost is null and new.side = 'buy' then
    new.sleeve_cost := coalesce(app.order_cost(new), round(parent.sleeve_cost * coalesce(new.qty / parent.qty, new.notional / parent.notional, 1), 2));
  end if;
  return new;
end
$$;
