-- Replaces an order's fills by those in the broker's list of activities, and
-- reports whether they add up to what the broker says was filled, in quantity
-- and price. A list of another quantity is older than the order, or cut off, and
-- changes nothing. One of another average price may be older as well; it is
-- believed once it was asked for four times, because the broker may round
-- otherwise. How often it was asked counts from the order's last change: what was
-- asked for in vain before says nothing of what has been filled since. Fills that
-- are the same stay, with the execution ids that they have. They keep their time as
-- well where it is the list's within a second; so does a correction of an execution
-- that is known, because it stands where that one stood. Fills that were recorded before
-- anybody knew whose the order is are made anew.
create or replace function app.replace_fills(p_account uuid, p_order uuid, p_activities jsonb) returns boolean
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  scope record;
  o app.alpaca_orders;
  since timestamptz;
  earlier timestamptz;
  settled boolean;
begin
  select t.* into o from app.alpaca_orders t where t.account_id = p_account and t.id = p_order;
  settled := not o.fills_differ;
  if not settled and o.filled_qty = (select coalesce(sum((a->>'qty')::numeric), 0) from jsonb_array_elements(p_activities) a) then
    with nobodys as (
      delete from app.fills t
        where t.account_id = p_account and t.order_id = p_order and t.state = 'live'
          and (t.orchestrator_agent_id, t.tag, t.sleeve_id, t.submitted_by, t.token_id)
            is distinct from (o.orchestrator_agent_id, o.tag, o.sleeve_id, o.submitted_by, o.token_id)
        returning t.at
    )
    select min(n.at) into earlier from nobodys n;
    with matched as (
      select m.activity_id, m.execution_id from app.match_listed_fills(p_account, p_order, p_activities) m
    ), news as (
      select a->>'id' as id, (a->>'qty')::numeric as qty, (a->>'price')::numeric as price, (a->>'transaction_time')::timestamptz as at, m.execution_id
      from jsonb_array_elements(p_activities) a
      left join matched m on m.activity_id = a->>'id'
    ), gone as (
      delete from app.fills t
        where t.account_id = p_account and t.order_id = p_order and t.state = 'live'
          and not exists (select from matched m where m.execution_id = t.execution_id)
        returning t.at
    ), moved as (
      update app.fills t set at = other.at
        from (
          select f.execution_id, f.at as was, news.at
          from news join app.fills f on f.account_id = p_account and f.execution_id = news.execution_id
          left join app.fills p on p.account_id = p_account and p.execution_id = f.previous_execution_id
          where p.qty is null and news.at not between f.at - interval '1 second' and f.at + interval '1 second'
        ) other
        where t.account_id = p_account and t.execution_id = other.execution_id
        returning least(other.was, other.at) as at
    ), made as (
      insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at,
          source, orchestrator_agent_id, tag, sleeve_id, submitted_by, token_id)
        select p_account, news.id, o.id, o.alpaca_order_id, o.symbol, app.asset_class(o), app.multiplier(o), o.side, news.qty, news.price, news.at,
          'activities', o.orchestrator_agent_id, o.tag, o.sleeve_id, o.submitted_by, o.token_id
        from news where news.execution_id is null
        on conflict (account_id, execution_id) do nothing
        returning at
    )
    select min(at) into since from (select at from gone union all select at from moved union all select at from made) changed;
    since := least(since, earlier);
    perform app.update_fills_totals(p_account, p_order);
    if since is not null then
      perform app.recompute_round_trips(p_account, o.symbol, since, '');
      -- Agents, tags and the like are found by their fills, and none of this order's may be
      -- left: so its own are recomputed in any case.
      for scope in
        select v.kind, v.value from (values ('agent', o.orchestrator_agent_id), ('tag', o.tag), ('sleeve', o.sleeve_id::text), ('user', o.submitted_by),
          ('token', o.token_id::text)) v (kind, value) where v.value is not null
      loop
        perform app.recompute_scope_round_trips(p_account, o.symbol, scope.kind, scope.value, since, '');
      end loop;
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
