-- Returns as an array of violations which API tokens stop an order that this transaction
-- makes (see private.token_path): those whose heartbeat stays away, and those that
-- refusals in a row have stopped on the account. Each must have its own heartbeat, so that
-- what a token has made ends with it. The names of tokens are left out: one that was made
-- of another does not know that one's.
create or replace function private.token_stops(p_account uuid) returns jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  own uuid := private.token_id();
  t record;
  whose text;
  stops jsonb := '[]';
begin
  for t in
    select l.id, l.heartbeat_seconds, l.max_refusals, h.beaten_at, r.refusals, r.stopped_at
    from private.api_tokens l
    left join private.token_heartbeats h on h.token_id = l.id
    left join private.token_refusal_runs r on r.account_id = p_account and r.token_id = l.id
    where l.id = any (private.token_path())
    order by cardinality(l.path)
  loop
    whose := case when t.id = own then 'This API token' else 'An API token of which this one was made' end;
    if t.heartbeat_seconds is not null then
      stops := stops || app.missed_heartbeat(whose, t.heartbeat_seconds, t.beaten_at);
    end if;
    if t.stopped_at is not null then
      stops := stops || app.violation('max_refusals', t.max_refusals::text, t.refusals::text,
        format('%s was stopped on this account after %s refusals in a row. Positions can still be closed, and its user can let it go on (POST /api/tokens/:id/reset).',
          whose, t.max_refusals));
    end if;
  end loop;
  return stops;
end
$$;
