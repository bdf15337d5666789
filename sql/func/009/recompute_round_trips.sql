-- Recomputes the round trips of a symbol from an execution on, in the account's
-- scope and in that of each agent, tag, sleeve, user and API token that has a part in what follows.
-- Executions are ordered by time (p_at), and by id (p_id) if times are equal.
--
-- Where those of the symbol are being computed in parts (app.continue_round_trips),
-- it only sees to it that the parts to come include this execution.
create or replace function app.recompute_round_trips(p_account uuid, p_symbol text, p_at timestamptz, p_id text) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if exists (select from app.round_trips_due d where d.account_id = p_account and d.symbol = p_symbol and d.reached_at is not null) then
    update app.round_trips_due d set since = least(d.since, p_at), reached_at = p_at, reached_id = p_id
      where d.account_id = p_account and d.symbol = p_symbol and (p_at, p_id collate "C") < (d.reached_at, d.reached_id);
    return;
  end if;
  perform app.recompute_scope_round_trips(p_account, p_symbol, 'account', '', p_at, p_id);
  perform app.recompute_scopes(p_account, p_symbol, p_at, p_id);
  perform app.recompute_exercised(p_account, p_symbol, p_at);
end
$$;
