-- Computes a part of the round trips that are due after an import of executions
-- (app.round_trips_due): at most p_most executions and adjustments of one symbol, so
-- that nobody waits long for the account's log. Returns whether there may be more.
create or replace function app.continue_round_trips(p_account uuid, p_most integer) returns boolean
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  d app.round_trips_due;
  next record;
begin
  select t.* into d from app.round_trips_due t where t.account_id = p_account order by t.reached_at is null, t.symbol limit 1;
  if not found then
    return false;
  end if;
  select r.next_at, r.next_id into next
    from app.recompute_scope_round_trips(p_account, d.symbol, 'account', '', coalesce(d.reached_at, d.since), coalesce(d.reached_id, ''), p_most) r;
  if next.next_at is not null then
    update app.round_trips_due t set reached_at = next.next_at, reached_id = next.next_id
      where t.account_id = p_account and t.symbol = d.symbol;
  else
    perform app.recompute_scopes(p_account, d.symbol, d.since, '');
    delete from app.round_trips_due t where t.account_id = p_account and t.symbol = d.symbol;
    perform app.recompute_exercised(p_account, d.symbol, d.since);
  end if;
  return true;
end
$$;
