-- Returns of what an event tells: one of the topics that a notice can have, or summary.
create or replace function app.event_topic(p_kind text, p_data jsonb) returns text
immutable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  event text := p_data->>'event';
begin
  return case p_kind
    when 'order' then case
      -- Where no stream told of a fill, a reconciliation finds it.
      when event in ('fill', 'partial_fill', 'trade_bust', 'trade_correct')
        or event = 'reconciled' and p_data->'order'->>'status' in ('filled', 'partially_filled') then 'fills'
      when event in ('rejected', 'unknown') then 'refusals'
      when event in ('overshot', 'unapplied') then 'positions'
      else 'orders' end
    when 'guard' then case
      when event = 'refused' then 'refusals'
      when event in ('switch', 'wind_down') then 'switch'
      else 'account' end
    when 'job' then case when event = 'failed' then 'refusals' else 'orders' end
    when 'position' then 'positions'
    when 'journal' then 'positions'
    when 'approval' then 'approvals'
    when 'credentials' then 'credentials'
    when 'stream' then 'stream'
    when 'limit' then 'limits'
    when 'agent_log' then 'agents'
    when 'summary' then 'summary'
    else 'account' end;
end
$$;
