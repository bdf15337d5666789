-- Imports: rows of a database of one tenant, moved under an account. The rows
-- come in batches. Each is one transaction that also writes how far the import
-- is, so that one which was killed goes on where it was.

set local role paddock_owner;

create table private.imports (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  source text not null check (char_length(source) between 1 and 500),  -- host, port and database, without user and password
  mapping jsonb not null,
  made_account boolean not null,
  -- The API keys of the old program were stored for the account.
  moved_keys boolean not null default false,
  state text not null default 'running' check (state in ('running', 'done', 'undoing')),
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (account_id, id),
  check ((state = 'running') = (ended_at is null)),
  constraint imports_bounded check (app.json_size(mapping) <= 262144)
);
comment on table private.imports is 'Imports from databases of one tenant: from where, by which mapping, and how far they are.';
create unique index imports_unfinished_idx on private.imports (account_id) where state <> 'done';
alter table private.imports enable row level security, force row level security;
grant select, insert, update (moved_keys, state, ended_at), delete on private.imports to paddock_gate;

create table private.import_tables (
  account_id uuid not null,
  import_id uuid not null,
  name text not null check (name in ('users', 'sign_ins', 'alpaca_orders', 'alpaca_positions', 'trading_positions', 'agent_logs')),
  position text,  -- the key of the last row that was read; null before the first
  taken bigint not null default 0,
  refused bigint not null default 0,
  ended boolean not null default false,
  primary key (account_id, import_id, name),
  foreign key (account_id, import_id) references private.imports (account_id, id) on delete cascade
);
comment on table private.import_tables is 'How far an import is in each table of its source.';
alter table private.import_tables enable row level security, force row level security;
grant select, insert, update (position, taken, refused, ended) on private.import_tables to paddock_gate;

-- Rows that could not be taken. The source still has them: the key finds them.
create table private.import_refusals (
  account_id uuid not null,
  import_id uuid not null,
  name text not null,
  number bigint not null check (number > 0),  -- in the order in which they were read
  key text not null,
  reason text not null check (char_length(reason) <= 1000),
  primary key (account_id, import_id, name, number),
  foreign key (account_id, import_id, name) references private.import_tables (account_id, import_id, name) on delete cascade
);
comment on table private.import_refusals is 'Rows of a source that an import did not take, and why.';
alter table private.import_refusals enable row level security, force row level security;
grant select, insert on private.import_refusals to paddock_gate;

create table private.import_users (
  account_id uuid not null,
  import_id uuid not null,
  user_id text not null,
  primary key (account_id, import_id, user_id),
  foreign key (account_id, import_id) references private.imports (account_id, id) on delete cascade
);
comment on table private.import_users is 'The users that an import brought.';
alter table private.import_users enable row level security, force row level security;
grant select, insert, delete on private.import_users to paddock_gate;

-- What another system had as its round trips. The journal computes its own from
-- executions, which are not known of these: so they are kept apart, as they were.
create table app.imported_trading_positions (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  import_id uuid not null,
  key text not null check (char_length(key) <= 1000),
  symbol text,
  direction text,
  status text,
  qty numeric,
  entry_price numeric,
  exit_price numeric,
  realized_pl numeric,
  opened_at timestamptz,
  closed_at timestamptz,
  orchestrator_agent_id text,
  tag text,
  data jsonb not null,  -- the whole row
  primary key (account_id, import_id, key),
  constraint imported_trading_positions_bounded check (app.is_amount(qty) and app.is_amount(entry_price) and app.is_amount(exit_price)
    and app.is_amount(realized_pl) and app.json_size(data) <= 65536)
);
comment on table app.imported_trading_positions is 'Round trips as another system recorded them before its rows were moved here; the journal knows nothing of them.';
create index imported_trading_positions_opened_idx on app.imported_trading_positions (account_id, opened_at desc, key);
alter table app.imported_trading_positions enable row level security, force row level security,
  alter column account_id set statistics 0, alter column key set statistics 0, alter column symbol set statistics 0,
  alter column direction set statistics 0, alter column status set statistics 0, alter column qty set statistics 0,
  alter column entry_price set statistics 0, alter column exit_price set statistics 0, alter column realized_pl set statistics 0,
  alter column orchestrator_agent_id set statistics 0, alter column tag set statistics 0, alter column data set statistics 0;
create policy app_reads on app.imported_trading_positions for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.imported_trading_positions to paddock_app;
grant select, insert, delete on app.imported_trading_positions to paddock_gate;
create policy report_reads on app.imported_trading_positions for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, key, symbol, direction, status, qty, entry_price, exit_price, realized_pl, opened_at, closed_at,
  orchestrator_agent_id, tag, data) on app.imported_trading_positions to paddock_report;

create view report.imported_trading_positions with (security_invoker = true, security_barrier = true) as
  select account_id, key, symbol, direction, status, qty, entry_price, exit_price, realized_pl, opened_at, closed_at,
    orchestrator_agent_id, tag, data
  from app.imported_trading_positions;
comment on view report.imported_trading_positions is 'Round trips as another system recorded them before its rows were moved here.';
comment on column report.imported_trading_positions.account_id is 'The account''s id, as in report.accounts.';
comment on column report.imported_trading_positions.key is 'The row''s key in the source.';
comment on column report.imported_trading_positions.symbol is 'The symbol; NULL: the source has none.';
comment on column report.imported_trading_positions.direction is 'The direction, in the source''s word; NULL: it has none.';
comment on column report.imported_trading_positions.status is 'The status, in the source''s word; NULL: it has none.';
comment on column report.imported_trading_positions.qty is 'How much, by the source; NULL: it does not say. [units]';
comment on column report.imported_trading_positions.entry_price is 'The price of entry, by the source; NULL: it does not say. [USD per unit]';
comment on column report.imported_trading_positions.exit_price is 'The price of exit, by the source; NULL: it does not say. [USD per unit]';
comment on column report.imported_trading_positions.realized_pl is 'The profit or loss, by the source; NULL: it does not say. [USD]';
comment on column report.imported_trading_positions.opened_at is 'When it was opened, by the source; NULL: it does not say. [time]';
comment on column report.imported_trading_positions.closed_at is 'When it was closed, by the source; NULL: it does not say. [time]';
comment on column report.imported_trading_positions.orchestrator_agent_id is 'The agent; NULL: none.';
comment on column report.imported_trading_positions.tag is 'The tag; NULL: none.';
comment on column report.imported_trading_positions.data is 'The whole row, as the source had it.';
grant select on report.imported_trading_positions to paddock_report;

{{ template "func/013/import_row_id.sql" . }}
{{ template "func/013/import_hash.sql" . }}
grant execute on function app.import_row_id, app.import_hash to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/013/is_operator.sql" . }}
{{ template "func/013/lock_import.sql" . }}
{{ template "func/013/audit_import.sql" . }}
{{ template "func/013/begin_import.sql" . }}
{{ template "func/013/import_users_rows.sql" . }}
{{ template "func/013/import_sign_in_rows.sql" . }}
{{ template "func/013/import_order_rows.sql" . }}
{{ template "func/013/import_position_rows.sql" . }}
{{ template "func/013/import_trip_rows.sql" . }}
{{ template "func/013/import_log_rows.sql" . }}
{{ template "func/013/import_rows.sql" . }}
{{ template "func/013/import_checksum.sql" . }}
{{ template "func/013/import_refused.sql" . }}
{{ template "func/013/list_imports.sql" . }}
{{ template "func/013/import_progress.sql" . }}
{{ template "func/013/begin_import_session.sql" . }}
{{ template "func/013/end_import_session.sql" . }}
{{ template "func/013/finish_import.sql" . }}
{{ template "func/013/undo_import.sql" . }}
grant execute on function private.begin_import, private.import_rows, private.import_checksum, private.import_refused, private.list_imports,
  private.import_progress, private.begin_import_session, private.end_import_session, private.finish_import, private.undo_import to paddock_owner;
comment on function private.begin_import is 'Begins an import, or goes on with the one that is under way: paddock import run calls it.';
comment on function private.undo_import is 'Takes away what an import brought, a batch at a time: paddock import undo calls it.';
reset role;
revoke create on schema private from paddock_gate;

-- What the gate may do for imports. Some of its functions may be called by runtime
-- logins, and have the gate's rights. So none of these holds in the session of such
-- a login, whatever it makes a function do: they ask for an operator's, and for an
-- import that is running, or being undone, and brings the very row.
set local role paddock_owner;

create policy gate_imports on private.imports to paddock_gate using ((select private.is_operator())) with check ((select private.is_operator()));
create policy gate_imports on private.import_tables to paddock_gate using ((select private.is_operator())) with check ((select private.is_operator()));
create policy gate_imports on private.import_refusals to paddock_gate using ((select private.is_operator())) with check ((select private.is_operator()));
create policy gate_imports on private.import_users to paddock_gate using ((select private.is_operator())) with check ((select private.is_operator()));

-- An import brings users with their passwords. Its owner is there before itself is.
create policy gate_imports on auth."user" for insert to paddock_gate with check ((select private.is_operator()));
grant select (image, "updatedAt"),
  insert (id, name, email, "emailVerified", image, "createdAt", "updatedAt") on auth."user" to paddock_gate;
create policy gate_reads on auth.account for select to paddock_gate using ((select private.is_operator()) and "providerId" = 'credential');
create policy gate_imports on auth.account for insert to paddock_gate
  with check ((select private.is_operator()) and "providerId" = 'credential' and exists (
    select from private.import_users u join private.imports i on i.account_id = u.account_id and i.id = u.import_id
    where u.user_id = "userId" and i.state = 'running'));
grant select (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt"),
  insert (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt") on auth.account to paddock_gate;
-- While it stores API keys, it has a session of minutes of its account's owner.
create policy gate_imports on auth.session for insert to paddock_gate
  with check ((select private.is_operator()) and id like 'import-%' and "expiresAt" < now() + interval '11 minutes' and exists (
    select from private.imports i join app.user_accounts a on a.id = i.account_id where a.user_id = "userId" and i.state = 'running'));
grant insert (id, "expiresAt", token, "updatedAt", "userId") on auth.session to paddock_gate;

-- It brings orders that are at the broker or over, never an intent that waits for its answer.
create policy gate_imports on app.alpaca_orders for insert to paddock_gate
  with check ((select private.is_operator()) and intent_state in ('accepted', 'rejected') and exists (
    select from private.imports i where i.account_id = alpaca_orders.account_id and i.id = import_id and i.state = 'running'));
create policy gate_keeps on app.alpaca_orders for update to paddock_gate
  using ((select private.is_operator()) and exists (
    select from private.imports i where i.account_id = alpaca_orders.account_id and i.id = import_id and i.state = 'undoing'))
  with check (import_id is null);
create policy gate_undoes on app.alpaca_orders for delete to paddock_gate
  using ((select private.is_operator()) and exists (
    select from private.imports i where i.account_id = alpaca_orders.account_id and i.id = import_id and i.state = 'undoing'));
grant select (import_id, broker_updated_at, time_in_force, position_intent, limit_price, stop_price, trail_price, trail_percent,
    hwm, extended_hours, filled_qty, filled_avg_price, replaced_by, submitted_by, orchestrator_agent_id,
    tag, broker_order, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at),
  insert (account_id, id, import_id, client_order_id, intent_state, submitted_by, orchestrator_agent_id, tag, symbol, side, type,
    time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, extended_hours,
    alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status, filled_qty, filled_avg_price, broker_order, created_at,
    submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at),
  update (import_id), delete on app.alpaca_orders to paddock_gate;

-- Positions come to a mirror that has never agreed with the broker.
create policy gate_imports on app.alpaca_positions for insert to paddock_gate
  with check ((select private.is_operator()) and exists (
    select from private.imports i where i.account_id = alpaca_positions.account_id and i.id = import_id and i.state = 'running'));
create policy gate_keeps on app.alpaca_positions for update to paddock_gate
  using ((select private.is_operator()) and exists (
    select from private.imports i where i.account_id = alpaca_positions.account_id and i.id = import_id and i.state = 'undoing'))
  with check (import_id is null);
create policy gate_undoes on app.alpaca_positions for delete to paddock_gate
  using ((select private.is_operator()) and exists (
    select from private.imports i where i.account_id = alpaca_positions.account_id and i.id = import_id and i.state = 'undoing'));
grant insert (account_id, symbol, asset_id, asset_class, exchange, qty, avg_entry_price, cost_basis, market_value, current_price,
    unrealized_pl, as_of, import_id), update (import_id), delete on app.alpaca_positions to paddock_gate;

create policy gate_reads on app.imported_trading_positions for select to paddock_gate using ((select private.is_operator()));
create policy gate_imports on app.imported_trading_positions for insert to paddock_gate
  with check ((select private.is_operator()) and exists (
    select from private.imports i where i.account_id = imported_trading_positions.account_id and i.id = import_id and i.state = 'running'));
create policy gate_undoes on app.imported_trading_positions for delete to paddock_gate
  using ((select private.is_operator()) and exists (
    select from private.imports i where i.account_id = imported_trading_positions.account_id and i.id = import_id and i.state = 'undoing'));

create policy gate_reads on app.agent_logs for select to paddock_gate using ((select private.is_operator()) and import_id is not null);
create policy gate_imports on app.agent_logs for insert to paddock_gate
  with check ((select private.is_operator()) and exists (
    select from private.imports i where i.account_id = agent_logs.account_id and i.id = import_id and i.state = 'running'));
create policy gate_undoes on app.agent_logs for delete to paddock_gate
  using ((select private.is_operator()) and exists (
    select from private.imports i where i.account_id = agent_logs.account_id and i.id = import_id and i.state = 'undoing'));
grant select, insert (account_id, id, import_id, user_id, orchestrator_agent_id, level, message, data, at, created_at), delete
  on app.agent_logs to paddock_gate;

reset role;

---- create above / drop below ----

set local role paddock_gate;
drop function private.undo_import, private.finish_import, private.end_import_session, private.begin_import_session, private.import_progress,
  private.list_imports, private.import_refused, private.import_checksum, private.import_rows, private.import_log_rows, private.import_trip_rows,
  private.import_position_rows, private.import_order_rows, private.import_sign_in_rows, private.import_users_rows, private.begin_import,
  private.audit_import, private.lock_import;
reset role;
set local role paddock_owner;
revoke select, insert (account_id, id, import_id, user_id, orchestrator_agent_id, level, message, data, at, created_at), delete
  on app.agent_logs from paddock_gate;
drop policy gate_undoes on app.agent_logs;
drop policy gate_imports on app.agent_logs;
drop policy gate_reads on app.agent_logs;
revoke insert (account_id, symbol, asset_id, asset_class, exchange, qty, avg_entry_price, cost_basis, market_value, current_price,
    unrealized_pl, as_of, import_id), update (import_id), delete on app.alpaca_positions from paddock_gate;
drop policy gate_undoes on app.alpaca_positions;
drop policy gate_keeps on app.alpaca_positions;
drop policy gate_imports on app.alpaca_positions;
revoke select (import_id, broker_updated_at, time_in_force, position_intent, limit_price, stop_price, trail_price, trail_percent,
    hwm, extended_hours, filled_qty, filled_avg_price, replaced_by, submitted_by, orchestrator_agent_id,
    tag, broker_order, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at),
  insert (account_id, id, import_id, client_order_id, intent_state, submitted_by, orchestrator_agent_id, tag, symbol, side, type,
    time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, extended_hours,
    alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status, filled_qty, filled_avg_price, broker_order, created_at,
    submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at),
  update (import_id), delete on app.alpaca_orders from paddock_gate;
drop policy gate_undoes on app.alpaca_orders;
drop policy gate_keeps on app.alpaca_orders;
drop policy gate_imports on app.alpaca_orders;
revoke insert (id, "expiresAt", token, "updatedAt", "userId") on auth.session from paddock_gate;
drop policy gate_imports on auth.session;
revoke all (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt") on auth.account from paddock_gate;
drop policy gate_imports on auth.account;
drop policy gate_reads on auth.account;
revoke select (image, "updatedAt"),
  insert (id, name, email, "emailVerified", image, "createdAt", "updatedAt") on auth."user" from paddock_gate;
drop policy gate_imports on auth."user";
drop view report.imported_trading_positions;
drop table app.imported_trading_positions, private.import_users, private.import_refusals, private.import_tables, private.imports;
drop function app.import_hash, app.import_row_id;
reset role;
set local role paddock_gate;
drop function private.is_operator;
reset role;
