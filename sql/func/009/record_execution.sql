-- Records what a trade update says of an order's executions, and brings the
-- journal up to date. x has execution_id, qty and price, and for a bust or a
-- correction previous_execution_id. Updates may come in any order and more than
-- once: an execution whose bust comes before it never counts. A correction
-- counts at the time of the execution that it corrects.
create or replace function app.record_execution(p_account uuid, p_order uuid, p_event text, x jsonb, p_at timestamptz) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  o app.alpaca_orders;
  f app.fills;
  execution text := nullif(x->>'execution_id', '');
  previous text := nullif(x->>'previous_execution_id', '');
  traded numeric := (x->>'qty')::numeric;
  paid numeric := (x->>'price')::numeric;
  place timestamptz := p_at;
  since timestamptz := p_at;
  since_id text := coalesce(execution, '');
begin
  select t.* into o from app.alpaca_orders t where t.account_id = p_account and t.id = p_order;
  if o.symbol is null or o.side is null then
    return; -- a multi-leg order: its legs have executions of their own
  end if;

  if p_event in ('trade_bust', 'trade_correct') then
    if previous is null then
      return; -- which one is not said: the fills do not add up now, and are asked for
    end if;
    select * into f from app.fills t where t.account_id = p_account and t.execution_id = previous;
    if not found then
      f := app.match_stream_fill(p_account, p_order, previous, case p_event when 'trade_bust' then traded end, paid, null);
    end if;
    if f.execution_id is null then
      insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, at, state,
          source, orchestrator_agent_id, tag, sleeve_id, submitted_by, token_id)
        values (p_account, previous, o.id, o.alpaca_order_id, o.symbol, app.asset_class(o), app.multiplier(o), o.side, p_at,
          case p_event when 'trade_bust' then 'busted' else 'corrected' end, 'stream', o.orchestrator_agent_id, o.tag, o.sleeve_id, o.submitted_by, o.token_id)
        returning * into f;
    else
      update app.fills t set state = case p_event when 'trade_bust' then 'busted' else 'corrected' end
        where t.account_id = p_account and t.execution_id = previous and t.state = 'live';
    end if;
    place := f.at;
    since := f.at;
    since_id := '';
  end if;

  if p_event in ('fill', 'partial_fill', 'trade_correct') and execution is not null and traded > 0 and paid is not null then
    select * into f from app.fills t where t.account_id = p_account and t.execution_id = execution;
    if not found then
      f := app.match_stream_fill(p_account, p_order, execution, traded, paid, place);
      since_id := case when f.execution_id is null then since_id else '' end;
      since := least(since, f.at);
    end if;
    if f.execution_id is null then
      insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at,
          previous_execution_id, source, orchestrator_agent_id, tag, sleeve_id, submitted_by, token_id)
        values (p_account, execution, o.id, o.alpaca_order_id, o.symbol, app.asset_class(o), app.multiplier(o), o.side, traded, paid, place,
          previous, 'stream', o.orchestrator_agent_id, o.tag, o.sleeve_id, o.submitted_by, o.token_id);
    elsif f.qty is null then
      -- Its bust or correction came first. What corrects it moves to its time.
      since := least(place, f.at);
      since_id := '';
      update app.fills t set qty = traded, price = paid, at = place, previous_execution_id = previous
        where t.account_id = p_account and t.execution_id = execution;
      with recursive later as (
        select t.execution_id from app.fills t where t.account_id = p_account and t.previous_execution_id = execution
        union
        select t.execution_id from later l join app.fills t on t.account_id = p_account and t.previous_execution_id = l.execution_id
      )
      update app.fills t set at = place from later l where t.account_id = p_account and t.execution_id = l.execution_id;
    end if;
  end if;

  perform app.update_fills_totals(p_account, p_order);
  perform app.recompute_round_trips(p_account, o.symbol, since, since_id);
end
$$;
