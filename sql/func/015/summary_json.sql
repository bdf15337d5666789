-- Returns what happened on an account from p_from until before p_until: orders that were
-- sent and placed elsewhere, executions, what was bought and sold, the result of the round
-- trips that were closed, refusals, what the account was worth, and orders by agent.
-- p_after is the number of an event before p_from, so that the log need not be read from its
-- beginning.
create or replace function private.summary_json(p_account uuid, p_from timestamptz, p_until timestamptz, p_after bigint) returns jsonb
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (
    with o as materialized (
      select t.orchestrator_agent_id as agent, t.status from app.alpaca_orders t
        where t.account_id = p_account and t.created_at >= p_from and t.created_at < p_until and t.parent_alpaca_order_id is null
    ), agents as (
      select o.agent, count(*) as orders from o where o.agent is not null group by o.agent order by count(*) desc, o.agent limit 10
    ), f as (
      select count(*) as executions, sum(t.qty * t.price * t.multiplier) filter (where t.side = 'buy') as bought,
          sum(t.qty * t.price * t.multiplier) filter (where t.side = 'sell') as sold
        from app.fills t where t.account_id = p_account and t.at >= p_from and t.at < p_until and t.state = 'live'
    ), trips as (
      select count(*) as closed, sum(t.realized_pl) as realized_pl, sum(t.fees) as fees from app.trading_positions t
        where t.account_id = p_account and t.scope = 'account' and t.closed_at >= p_from and t.closed_at < p_until
    ), r as (
      select count(*) as refusals from app.account_events e
        where e.account_id = p_account and e.seq > p_after and e.at >= p_from and e.at < p_until
          and (e.kind = 'guard' and e.data->>'event' = 'refused' or e.kind = 'order' and e.data->>'event' = 'rejected')
    ), worth as (
      select (select h.equity from app.balance_history h where h.account_id = p_account and h.as_of < p_from order by h.hour desc limit 1) as before,
          (select h.equity from app.balance_history h where h.account_id = p_account and h.as_of < p_until order by h.hour desc limit 1) as after
    )
    select jsonb_build_object(
        'orders', (select count(*) from o), 'orders_filled', (select count(*) from o where o.status = 'filled'),
        'executions', f.executions, 'bought', round(coalesce(f.bought, 0), 2)::text, 'sold', round(coalesce(f.sold, 0), 2)::text,
        'round_trips_closed', trips.closed, 'realized_pl', round(coalesce(trips.realized_pl, 0), 2)::text, 'fees', round(coalesce(trips.fees, 0), 2)::text,
        'refusals', r.refusals, 'equity', round(worth.after, 2)::text, 'equity_change', round(worth.after - worth.before, 2)::text,
        'agents', (select coalesce(jsonb_agg(jsonb_build_object('orchestrator_agent_id', a.agent, 'orders', a.orders) order by a.orders desc, a.agent), '[]') from agents a))
      from f, trips, r, worth);
end
$$;
