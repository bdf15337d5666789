-- Takes away up to p_limit rows that an import brought, and returns what was done,
-- as {"removed": {…}, "kept": {…}, "ended": …}: the caller asks again until it has
-- ended. What later work depends on is kept: orders and positions that Alpaca has
-- described since, users who have signed in since or have another account, and the
-- account where anything else has happened in it. 22023: there is no such import.
create or replace function private.undo_import(p_account uuid, p_import uuid, p_limit integer) returns jsonb
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  i private.imports;
  n bigint;
  total bigint := 0;
  removed jsonb := '{}';
  kept jsonb := '{}';
  agreed boolean;
begin
  perform from app.event_heads h where h.account_id = p_account for update;
  select t.* into i from private.imports t where t.account_id = p_account and t.id = p_import for update;
  if not found then
    raise exception 'there is no import % of account %: paddock import list shows those that there are', p_import, p_account using errcode = '22023';
  end if;
  if i.state <> 'undoing' then
    update private.imports t set state = 'undoing', ended_at = clock_timestamp() where t.account_id = p_account and t.id = p_import;
    perform private.audit_import(p_account, p_import, 'undo', jsonb_build_object('was', i.state));
  end if;
  agreed := exists (select from app.stream_cursors c where c.account_id = p_account and c.agreed_at is not null);

  with gone as (
    delete from app.agent_logs l where l.account_id = p_account and l.import_id = p_import and l.id in (
      select s.id from app.agent_logs s where s.account_id = p_account and s.import_id = p_import limit p_limit - total)
    returning 1)
  select count(*) into n from gone;
  total := total + n;
  removed := removed || jsonb_build_object('agent_logs', n);

  with gone as (
    delete from app.imported_trading_positions l where l.account_id = p_account and l.import_id = p_import and l.key in (
      select s.key from app.imported_trading_positions s where s.account_id = p_account and s.import_id = p_import limit p_limit - total)
    returning 1)
  select count(*) into n from gone;
  total := total + n;
  removed := removed || jsonb_build_object('trading_positions', n);

  with gone as (
    delete from app.alpaca_orders l where l.account_id = p_account and l.broker_updated_at is null and l.id in (
      select s.id from app.alpaca_orders s where s.account_id = p_account and s.import_id = p_import and s.broker_updated_at is null limit p_limit - total)
    returning 1)
  select count(*) into n from gone;
  total := total + n;
  removed := removed || jsonb_build_object('alpaca_orders', n);

  if not agreed then
    with gone as (
      delete from app.alpaca_positions l where l.account_id = p_account and l.symbol in (
        select s.symbol from app.alpaca_positions s where s.account_id = p_account and s.import_id = p_import limit p_limit - total)
      returning 1)
    select count(*) into n from gone;
    total := total + n;
    removed := removed || jsonb_build_object('alpaca_positions', n);
  end if;
  if total >= p_limit then
    return jsonb_build_object('removed', removed, 'kept', kept, 'ended', false);
  end if;

  -- What is left is the mirror's: it no longer belongs to the import.
  update app.alpaca_orders o set import_id = null where o.account_id = p_account and o.import_id = p_import;
  get diagnostics n = row_count;
  kept := kept || jsonb_build_object('alpaca_orders', n);
  update app.alpaca_positions p set import_id = null where p.account_id = p_account and p.import_id = p_import;
  get diagnostics n = row_count;
  kept := kept || jsonb_build_object('alpaca_positions', n);

  -- All users of the import are taken by one query of import_users, which goes
  -- with the import, and with its account.
  declare
    users text[] := array(select u.user_id from private.import_users u where u.account_id = p_account and u.import_id = p_import);
    keeps_account boolean := not i.made_account or agreed
      or exists (select from app.alpaca_orders o where o.account_id = p_account)
      or exists (select from app.account_grants g join app.user_accounts a on a.id = g.account_id where g.account_id = p_account and g.user_id <> a.user_id and g.standing_of is null)
      or exists (select from private.report_grants g where g.account_id = p_account)
      or exists (select from private.imports o where o.account_id = p_account and o.id <> p_import)
      or exists (select from app.event_heads h where h.account_id = p_account and h.last_seq > case when i.moved_keys then 1 else 0 end);
  begin
    if keeps_account then
      delete from private.imports t where t.account_id = p_account and t.id = p_import;
    else
      delete from app.user_accounts a where a.id = p_account;
    end if;
    kept := kept || jsonb_build_object('account', keeps_account::integer);
    removed := removed || jsonb_build_object('account', (not keeps_account)::integer);
    with gone as (
      delete from auth."user" u where u.id = any (users)
        and not exists (select from auth.session s where s."userId" = u.id)
        and not exists (select from app.account_grants g where g.user_id = u.id)
        and not exists (select from app.user_accounts a where a.user_id = u.id)
      returning 1)
    select count(*) into n from gone;
    removed := removed || jsonb_build_object('users', n);
    kept := kept || jsonb_build_object('users', cardinality(users) - n);
  end;
  perform private.audit_import(p_account, p_import, 'undone', jsonb_build_object('kept', kept));
  return jsonb_build_object('removed', removed, 'kept', kept, 'ended', true);
end
$$;
