-- Returns how many rows of a table an import brought, and a checksum over these of
-- its columns: the sum of each row's hash, modulo 2^64. The columns' texts are put
-- together in the order of this list, which app/importer has as well. What the
-- broker has described since counts as it is now.
create or replace function private.import_checksum(p_account uuid, p_import uuid, p_table text, p_columns text[], out rows bigint, out checksum numeric)
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if p_table = 'users' then
    select count(*), coalesce(sum(app.import_hash(concat_ws(chr(31),
      case when 'id' = any (p_columns) then coalesce(o.id, chr(30)) end,
      case when 'name' = any (p_columns) then coalesce(o.name, chr(30)) end,
      case when 'email' = any (p_columns) then coalesce(o.email, chr(30)) end,
      case when 'emailVerified' = any (p_columns) then coalesce(o."emailVerified"::text, chr(30)) end,
      case when 'image' = any (p_columns) then coalesce(o.image, chr(30)) end,
      case when 'createdAt' = any (p_columns) then coalesce(to_char(o."createdAt" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end,
      case when 'updatedAt' = any (p_columns) then coalesce(to_char(o."updatedAt" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end))), 0)
      into rows, checksum from auth."user" o join private.import_users i on i.account_id = p_account and i.import_id = p_import and i.user_id = o.id;
  elsif p_table = 'sign_ins' then
    select count(*), coalesce(sum(app.import_hash(concat_ws(chr(31),
      case when 'id' = any (p_columns) then coalesce(o.id, chr(30)) end,
      case when 'accountId' = any (p_columns) then coalesce(o."accountId", chr(30)) end,
      case when 'userId' = any (p_columns) then coalesce(o."userId", chr(30)) end,
      case when 'password' = any (p_columns) then coalesce(o.password, chr(30)) end,
      case when 'createdAt' = any (p_columns) then coalesce(to_char(o."createdAt" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end,
      case when 'updatedAt' = any (p_columns) then coalesce(to_char(o."updatedAt" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end))), 0)
      into rows, checksum from auth.account o join private.import_users i on i.account_id = p_account and i.import_id = p_import and i.user_id = o."userId" where o."providerId" = 'credential';
  elsif p_table = 'alpaca_orders' then
    select count(*), coalesce(sum(app.import_hash(concat_ws(chr(31),
      case when 'client_order_id' = any (p_columns) then coalesce(o.client_order_id, chr(30)) end,
      case when 'alpaca_order_id' = any (p_columns) then coalesce(o.alpaca_order_id::text, chr(30)) end,
      case when 'symbol' = any (p_columns) then coalesce(replace(o.symbol, '/', ''), chr(30)) end,
      case when 'side' = any (p_columns) then coalesce(o.side, chr(30)) end,
      case when 'type' = any (p_columns) then coalesce(o.type, chr(30)) end,
      case when 'time_in_force' = any (p_columns) then coalesce(o.time_in_force, chr(30)) end,
      case when 'order_class' = any (p_columns) then coalesce(o.order_class, chr(30)) end,
      case when 'position_intent' = any (p_columns) then coalesce(o.position_intent, chr(30)) end,
      case when 'qty' = any (p_columns) then coalesce(trim_scale(o.qty)::text, chr(30)) end,
      case when 'notional' = any (p_columns) then coalesce(trim_scale(o.notional)::text, chr(30)) end,
      case when 'limit_price' = any (p_columns) then coalesce(trim_scale(o.limit_price)::text, chr(30)) end,
      case when 'stop_price' = any (p_columns) then coalesce(trim_scale(o.stop_price)::text, chr(30)) end,
      case when 'trail_price' = any (p_columns) then coalesce(trim_scale(o.trail_price)::text, chr(30)) end,
      case when 'trail_percent' = any (p_columns) then coalesce(trim_scale(o.trail_percent)::text, chr(30)) end,
      case when 'hwm' = any (p_columns) then coalesce(trim_scale(o.hwm)::text, chr(30)) end,
      case when 'extended_hours' = any (p_columns) then coalesce(o.extended_hours::text, chr(30)) end,
      case when 'filled_qty' = any (p_columns) then coalesce(trim_scale(o.filled_qty)::text, chr(30)) end,
      case when 'filled_avg_price' = any (p_columns) then coalesce(trim_scale(o.filled_avg_price)::text, chr(30)) end,
      case when 'status' = any (p_columns) then coalesce(o.status, chr(30)) end,
      case when 'parent_alpaca_order_id' = any (p_columns) then coalesce(o.parent_alpaca_order_id::text, chr(30)) end,
      case when 'replaces' = any (p_columns) then coalesce(o.replaces::text, chr(30)) end,
      case when 'replaced_by' = any (p_columns) then coalesce(o.replaced_by::text, chr(30)) end,
      case when 'orchestrator_agent_id' = any (p_columns) then coalesce(o.orchestrator_agent_id, chr(30)) end,
      case when 'tag' = any (p_columns) then coalesce(o.tag, chr(30)) end,
      case when 'submitted_by' = any (p_columns) then coalesce(o.submitted_by, chr(30)) end,
      case when 'broker_order' = any (p_columns) then coalesce(o.broker_order::text, chr(30)) end,
      case when 'created_at' = any (p_columns) then coalesce(to_char(o.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end,
      case when 'submitted_at' = any (p_columns) then coalesce(to_char(o.submitted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end,
      case when 'filled_at' = any (p_columns) then coalesce(to_char(o.filled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end,
      case when 'canceled_at' = any (p_columns) then coalesce(to_char(o.canceled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end,
      case when 'expired_at' = any (p_columns) then coalesce(to_char(o.expired_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end,
      case when 'failed_at' = any (p_columns) then coalesce(to_char(o.failed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end,
      case when 'replaced_at' = any (p_columns) then coalesce(to_char(o.replaced_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end,
      case when 'updated_at' = any (p_columns) then coalesce(to_char(o.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end))), 0)
      into rows, checksum from app.alpaca_orders o where o.account_id = p_account and o.import_id = p_import;
  elsif p_table = 'alpaca_positions' then
    select count(*), coalesce(sum(app.import_hash(concat_ws(chr(31),
      case when 'symbol' = any (p_columns) then coalesce(replace(o.symbol, '/', ''), chr(30)) end,
      case when 'asset_id' = any (p_columns) then coalesce(o.asset_id::text, chr(30)) end,
      case when 'asset_class' = any (p_columns) then coalesce(o.asset_class, chr(30)) end,
      case when 'exchange' = any (p_columns) then coalesce(o.exchange, chr(30)) end,
      case when 'qty' = any (p_columns) then coalesce(trim_scale(o.qty)::text, chr(30)) end,
      case when 'avg_entry_price' = any (p_columns) then coalesce(trim_scale(o.avg_entry_price)::text, chr(30)) end,
      case when 'cost_basis' = any (p_columns) then coalesce(trim_scale(o.cost_basis)::text, chr(30)) end,
      case when 'market_value' = any (p_columns) then coalesce(trim_scale(o.market_value)::text, chr(30)) end,
      case when 'current_price' = any (p_columns) then coalesce(trim_scale(o.current_price)::text, chr(30)) end,
      case when 'unrealized_pl' = any (p_columns) then coalesce(trim_scale(o.unrealized_pl)::text, chr(30)) end,
      case when 'as_of' = any (p_columns) then coalesce(to_char(o.as_of at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end))), 0)
      into rows, checksum from app.alpaca_positions o where o.account_id = p_account and o.import_id = p_import;
  elsif p_table = 'trading_positions' then
    select count(*), coalesce(sum(app.import_hash(concat_ws(chr(31),
      case when 'symbol' = any (p_columns) then coalesce(replace(o.symbol, '/', ''), chr(30)) end,
      case when 'direction' = any (p_columns) then coalesce(o.direction, chr(30)) end,
      case when 'status' = any (p_columns) then coalesce(o.status, chr(30)) end,
      case when 'qty' = any (p_columns) then coalesce(trim_scale(o.qty)::text, chr(30)) end,
      case when 'entry_price' = any (p_columns) then coalesce(trim_scale(o.entry_price)::text, chr(30)) end,
      case when 'exit_price' = any (p_columns) then coalesce(trim_scale(o.exit_price)::text, chr(30)) end,
      case when 'realized_pl' = any (p_columns) then coalesce(trim_scale(o.realized_pl)::text, chr(30)) end,
      case when 'opened_at' = any (p_columns) then coalesce(to_char(o.opened_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end,
      case when 'closed_at' = any (p_columns) then coalesce(to_char(o.closed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end,
      case when 'orchestrator_agent_id' = any (p_columns) then coalesce(o.orchestrator_agent_id, chr(30)) end,
      case when 'tag' = any (p_columns) then coalesce(o.tag, chr(30)) end,
      case when 'data' = any (p_columns) then coalesce(o.data::text, chr(30)) end))), 0)
      into rows, checksum from app.imported_trading_positions o where o.account_id = p_account and o.import_id = p_import;
  elsif p_table = 'agent_logs' then
    select count(*), coalesce(sum(app.import_hash(concat_ws(chr(31),
      case when 'user_id' = any (p_columns) then coalesce(o.user_id, chr(30)) end,
      case when 'orchestrator_agent_id' = any (p_columns) then coalesce(o.orchestrator_agent_id, chr(30)) end,
      case when 'level' = any (p_columns) then coalesce(o.level, chr(30)) end,
      case when 'message' = any (p_columns) then coalesce(o.message, chr(30)) end,
      case when 'data' = any (p_columns) then coalesce(o.data::text, chr(30)) end,
      case when 'created_at' = any (p_columns) then coalesce(to_char(o.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), chr(30)) end))), 0)
      into rows, checksum from app.agent_logs o where o.account_id = p_account and o.import_id = p_import;
  end if;
  checksum := mod(mod(checksum, 18446744073709551616) + 18446744073709551616, 18446744073709551616);
end
$$;
