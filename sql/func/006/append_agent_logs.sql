-- Stores lines of an agent's log for the admitted account, each of which is one
-- element of every array, and makes one event of them all: how many there are and of what
-- levels, between which times, and the last twenty with the beginnings of their messages.
-- A thousand events for a thousand lines would be in the way of the orders'.
--
-- With a key the request is noted, and one that repeats it stores nothing: it
-- returns what the first did. PD460: the key was sent with other lines. See
-- check_agent_logs for what else is refused. The caller has the lock of the account's log.
create or replace function app.append_agent_logs(p_ids uuid[], p_ats timestamptz[], p_agents text[], p_levels text[], p_messages text[], p_data jsonb[],
  p_orders uuid[], p_key text, p_hash bytea, out lines integer, out first_at timestamptz, out last_at timestamptz)
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.account_id('log');
  who text := private.user_id();
  hash bytea;
begin
  if account is null then
    raise exception 'to log needs the scope "log"' using errcode = '42501';
  end if;
  if p_key <> '' then
    select r.request_hash, r.lines, r.first_at, r.last_at into hash, lines, first_at, last_at
      from app.agent_log_requests r where r.account_id = account and r.idempotency_key = p_key;
    if hash = p_hash then
      return;
    elsif hash is not null then
      raise exception 'this key was sent with other lines' using errcode = 'PD460';
    end if;
  end if;

  perform private.check_agent_logs(p_ats, p_orders);
  insert into app.agent_logs (account_id, id, user_id, orchestrator_agent_id, order_id, level, message, data, at)
    select account, l.id, who, nullif(l.agent, ''), l.order_id, l.level, l.message, l.data, coalesce(l.at, now())
    from unnest(p_ids, p_ats, p_agents, p_levels, p_messages, p_data, p_orders) l (id, at, agent, level, message, data, order_id);
  lines := cardinality(p_ids);
  select min(coalesce(l.at, now())), max(coalesce(l.at, now())) into first_at, last_at from unnest(p_ats) l (at);
  if p_key <> '' then
    insert into app.agent_log_requests (account_id, idempotency_key, request_hash, asked_by, lines, first_at, last_at)
      values (account, p_key, p_hash, who, lines, first_at, last_at);
  end if;

  perform private.append_event('agent_log', jsonb_build_object('count', lines, 'first_at', app.rfc3339(first_at), 'last_at', app.rfc3339(last_at),
    'levels', (select jsonb_object_agg(n.level, n.number) from (select l.level, count(*) as number from unnest(p_levels) l (level) group by l.level) n),
    'logs', (select jsonb_agg(jsonb_build_object('id', l.id, 'at', app.rfc3339(coalesce(l.at, now())), 'orchestrator_agent_id', nullif(l.agent, ''),
          'order_id', l.order_id, 'level', l.level, 'message', left(l.message, 500)) order by l.n)
        from unnest(p_ids, p_ats, p_agents, p_levels, p_messages, p_orders) with ordinality l (id, at, agent, level, message, order_id, n)
        where l.n > cardinality(p_ids) - 20)));
end
$$;
