-- Updates how much of an order its fills account for, and with which of the
-- broker's average prices they agree. Where that is not what the broker says
-- now, the order's executions are asked for. The broker rounds averages. Fills that
-- were recorded before anybody knew whose the order is account for nothing.
create or replace function app.update_fills_totals(p_account uuid, p_order uuid) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update app.alpaca_orders o set fills_qty = f.qty, fills_avg_price = case when f.agree then o.filled_avg_price else o.fills_avg_price end
    from (
      select t.id, f.qty, t.filled_qty = f.qty
          and (f.qty = 0 or t.filled_avg_price is null or abs(f.notional / f.qty - t.filled_avg_price) <= 0.000001) as agree
        from app.alpaca_orders t
        cross join lateral (
          select coalesce(sum(l.qty), 0) as qty, sum(l.qty * l.price) as notional from app.fills l
            where l.account_id = p_account and l.order_id = p_order and l.state = 'live'
              and (l.orchestrator_agent_id, l.tag, l.sleeve_id, l.submitted_by, l.token_id)
                is not distinct from (t.orchestrator_agent_id, t.tag, t.sleeve_id, t.submitted_by, t.token_id)
        ) f
        where t.account_id = p_account and t.id = p_order
    ) f
    where o.account_id = p_account and o.id = f.id
      and (o.fills_qty <> f.qty or f.agree and o.fills_avg_price is distinct from o.filled_avg_price);
end
$$;
