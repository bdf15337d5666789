-- Replaces an order's fills by those in the broker's list of activities, and
-- reports whether they add up to what the broker says was filled, in quantity
-- and price. A list of another quantity is older than the order, or cut off, and
-- changes nothing. One of another average price may be older as well; it is
-- believed once it was asked for four times, because the broker may round
-- otherwise. How often it was asked counts from the order's last change: what was
-- asked for in vain before says nothing of what has been filled since. Fills that
-- are the same stay, with the execution ids that they have.
create or replace function app.replace_fills(p_account uuid, p_order uuid, p_activities jsonb) returns boolean
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  o app.alpaca_orders;
  since timestamptz;
  settled boolean;
begin
  select t.* into o from app.alpaca_orders t where t.account_id = p_account and t.id = p_order;
  settled := not o.fills_differ;
  if not settled and o.filled_qty = (select coalesce(sum((a->>'qty')::numeric), 0) from jsonb_array_elements(p_activities) a) then
    with news as (
      select a->>'id' as id, (a->>'qty')::numeric as qty, (a->>'price')::numeric as price, (a->>'transaction_time')::timestamptz as at,
        row_number() over (partition by (a->>'qty')::numeric, (a->>'price')::numeric order by a->>'transaction_time', a->>'id') as n
      from jsonb_array_elements(p_activities) a
    ), olds as (
      select t.execution_id, t.qty, t.price, row_number() over (partition by t.qty, t.price order by t.at, t.execution_id) as n
      from app.fills t where t.account_id = p_account and t.order_id = p_order and t.state = 'live'
    ), gone as (
      delete from app.fills t using olds
        where t.account_id = p_account and t.execution_id = olds.execution_id
          and not exists (select from news where (news.qty, news.price, news.n) = (olds.qty, olds.price, olds.n))
        returning t.at
    ), made as (
      insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at,
          source, orchestrator_agent_id, tag)
        select p_account, news.id, o.id, o.alpaca_order_id, o.symbol, app.asset_class(o), app.multiplier(o), o.side, news.qty, news.price, news.at,
          'activities', o.orchestrator_agent_id, o.tag
        from news
        where not exists (select from olds where (news.qty, news.price, news.n) = (olds.qty, olds.price, olds.n))
        on conflict (account_id, execution_id) do nothing
        returning at
    )
    select min(at) into since from (select at from gone union all select at from made) moved;
    perform app.update_fills_totals(p_account, p_order);
    if since is not null then
      perform app.recompute_round_trips(p_account, o.symbol, since, '');
      -- Agents and tags are found by their fills, and none of this order's may be
      -- left: so its own are recomputed in any case.
      if o.orchestrator_agent_id is not null then
        perform app.recompute_scope_round_trips(p_account, o.symbol, 'agent', o.orchestrator_agent_id, since, '');
      end if;
      if o.tag is not null then
        perform app.recompute_scope_round_trips(p_account, o.symbol, 'tag', o.tag, since, '');
      end if;
    end if;
    update app.alpaca_orders t set fills_avg_price = t.filled_avg_price
      where t.account_id = p_account and t.id = p_order and t.fills_qty = t.filled_qty and t.fills_asked >= 3 and t.fills_asked_at >= t.updated_at;
    select not t.fills_differ into settled from app.alpaca_orders t where t.account_id = p_account and t.id = p_order;
  end if;
  update app.alpaca_orders t
    set fills_asked_at = clock_timestamp(), fills_asked = case when settled then 0
        when t.fills_asked_at >= t.updated_at then t.fills_asked + 1
        else 1 end
    where t.account_id = p_account and t.id = p_order;
  return settled;
end
$$;
