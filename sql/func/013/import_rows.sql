-- Takes a batch of rows of a source's table and writes how far the import is, in
-- one transaction. p_after is how far the caller believes it to be: PD408 where it
-- is elsewhere, since another run is at work or the answer to the last batch was
-- lost. p_refused has rows, each with key and reason, whose values Postgres has
-- refused already. Returns all rows of the batch that were refused.
create or replace function private.import_rows(p_account uuid, p_import uuid, p_table text, p_after text, p_rows jsonb, p_refused jsonb,
  p_position text, p_ended boolean) returns table (key text, reason text)
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  t private.import_tables;
  no jsonb;
begin
  perform private.lock_import(p_account, p_import, 'running');
  select n.* into t from private.import_tables n where n.account_id = p_account and n.import_id = p_import and n.name = p_table;
  if not found then
    raise exception 'the import has no table %', p_table using errcode = '22023';
  end if;
  if t.ended or t.position is distinct from p_after then
    raise exception 'the import is elsewhere: another run of it is at work' using errcode = 'PD408';
  end if;
  no := p_refused || coalesce(case p_table
    when 'users' then private.import_users_rows(p_account, p_import, p_rows)
    when 'sign_ins' then private.import_sign_in_rows(p_account, p_import, p_rows)
    when 'alpaca_orders' then private.import_order_rows(p_account, p_import, p_rows)
    when 'alpaca_positions' then private.import_position_rows(p_account, p_import, p_rows)
    when 'trading_positions' then private.import_trip_rows(p_account, p_import, p_rows)
    when 'agent_logs' then private.import_log_rows(p_account, p_import, p_rows)
  end, '[]');
  insert into private.import_refusals (account_id, import_id, name, number, key, reason)
    select p_account, p_import, p_table, t.refused + r.n, r.x->>'key', left(r.x->>'reason', 1000)
    from jsonb_array_elements(no) with ordinality r (x, n);
  update private.import_tables n
    set position = coalesce(p_position, n.position), ended = p_ended, refused = n.refused + jsonb_array_length(no),
        taken = n.taken + jsonb_array_length(p_rows) + jsonb_array_length(p_refused) - jsonb_array_length(no)
    where n.account_id = p_account and n.import_id = p_import and n.name = p_table;
  return query select r.x->>'key', r.x->>'reason' from jsonb_array_elements(no) with ordinality r (x, n) order by r.n;
end
$$;
