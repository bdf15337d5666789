-- Recomputes the round trips of a symbol from an execution on, in the scope of each
-- agent, tag, sleeve, user and API token that has a part in what follows. The account's scope must have been
-- recomputed before: it decides what an adjustment means in the others.
create or replace function app.recompute_scopes(p_account uuid, p_symbol text, p_at timestamptz, p_id text) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  -- A split or an expiry concerns every scope that holds the symbol.
  everybody boolean := exists (select from app.journal_adjustments a
    where a.account_id = p_account and a.symbol = replace(p_symbol, '/', '') and a.at >= p_at);
  first_at timestamptz := case when everybody then '-infinity' else p_at end;
  first_id text := case when everybody then '' else p_id end;
  scope record;
begin
  for scope in
    select v.kind, v.value
    from app.fills f cross join lateral (values ('agent', f.orchestrator_agent_id), ('tag', f.tag), ('sleeve', f.sleeve_id::text), ('user', f.submitted_by),
      ('token', f.token_id::text)) v (kind, value)
    where f.account_id = p_account and f.symbol = p_symbol and v.value is not null
      and (f.at, f.execution_id) >= (first_at, first_id)
    union
    -- Of an exercise somebody may have shares who never traded any; and whose they were
    -- may have been told otherwise before.
    select v.kind, v.value
    from app.journal_adjustments a cross join lateral (values ('agent', a.orchestrator_agent_id), ('tag', a.tag), ('sleeve', a.sleeve_id::text),
      ('user', a.attributed_to), ('token', a.token_id::text)) v (kind, value)
    where everybody and a.account_id = p_account and a.symbol = p_symbol and a.kind = 'OPTRD' and v.value is not null
    union
    select t.scope, t.scope_value from app.trading_positions t
    where everybody and t.account_id = p_account and t.symbol = p_symbol and t.scope <> 'account'
    order by 1, 2
  loop
    perform app.recompute_scope_round_trips(p_account, p_symbol, scope.kind, scope.value, p_at, p_id);
  end loop;
end
$$;
