-- Brokerage accounts, who may use them, and who may report on them.

set local role paddock_owner;

create table app.user_accounts (
  id uuid primary key default gen_random_uuid(),
  user_id text not null references auth."user" (id) on delete cascade,
  name text not null check (name = btrim(name) and char_length(name) between 1 and 80),
  environment text not null check (environment in ('paper', 'live')),
  -- The broker's id of it, recorded when keys are first checked. From then on
  -- keys of another broker account are refused: this row has the first one's orders.
  alpaca_account_id uuid,
  alpaca_account_number text,
  is_active boolean not null default true,
  -- How trade updates are read: auto tries Server-Sent Events and falls back to
  -- the WebSocket; off has no stream, only reconciliation.
  stream_mode text not null default 'auto' check (stream_mode in ('auto', 'sse', 'ws', 'off')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table app.user_accounts is 'Brokerage accounts: one row each, and its id is the account_id of every other table.';
-- These are unique over a digest. md5 is not leakproof, so Postgres never uses
-- these indexes for a query's condition before it has checked the policy. So
-- nobody learns of other users' accounts from how many rows a scan removed.
create unique index user_accounts_user_id_name_key on app.user_accounts
  (md5(char_length(user_id) || ':' || user_id || name));
create unique index user_accounts_user_id_broker_account_key on app.user_accounts
  (md5(char_length(user_id) || ':' || user_id || environment || alpaca_account_id::text));
-- Planner statistics cover the rows of all tenants, and EXPLAIN shows them. So in
-- every table the columns with a tenant's own words, ids or amounts have none.
alter table app.user_accounts enable row level security, force row level security,
  alter column id set statistics 0, alter column user_id set statistics 0, alter column name set statistics 0,
  alter column alpaca_account_id set statistics 0, alter column alpaca_account_number set statistics 0;
alter index app.user_accounts_user_id_name_key alter column 1 set statistics 0;
alter index app.user_accounts_user_id_broker_account_key alter column 1 set statistics 0;

create table app.account_grants (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  user_id text not null references auth."user" (id) on delete cascade,
  role text not null check (role in ('owner', 'trader', 'viewer')),
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (account_id, user_id)
);
comment on table app.account_grants is 'Which user may use which account, in what role and until when.';
-- For the list of a user's own accounts: the one query that starts with the user.
-- So does the policy: its condition, user_id = private.user_id(), is always among
-- those of this index, so that no scan of it counts another user's rows.
create index account_grants_user_id_idx on app.account_grants (user_id, account_id);
alter table app.account_grants enable row level security, force row level security,
  alter column account_id set statistics 0, alter column user_id set statistics 0;
-- Admission reads grants before anyone is admitted.
create policy gate_all on app.account_grants to paddock_gate using (true) with check (true);
grant select, insert (account_id, user_id, role) on app.account_grants to paddock_gate;
-- A user sees the grants that name them, and through these their accounts.
create policy app_reads on app.account_grants for select to paddock_app
  using (user_id = (select private.user_id()));
grant select on app.account_grants to paddock_app;

-- Plain SQL for others: a login in the group paddock_report sees the accounts
-- that were granted to it, through the views of schema report, and nothing else.
-- No setting decides that, because a login could set it. A grant names the role
-- by oid and by name: a role that is created again under an old name has another
-- oid, and gets nothing of what the old one had.
create table private.report_grants (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  role_oid oid not null,
  role_name name not null,
  created_at timestamptz not null default now(),
  primary key (account_id, role_oid)
);
comment on table private.report_grants is 'Which reporting login may read which account.';
create index report_grants_role_idx on private.report_grants (role_oid, role_name);
alter table private.report_grants enable row level security, force row level security;
create policy gate_all on private.report_grants to paddock_gate using (true) with check (true);
grant select, insert, delete on private.report_grants to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/004/admit.sql" . }}
{{ template "func/004/create_account.sql" . }}
{{ template "func/004/record_account_change.sql" . }}
{{ template "func/004/report_accounts.sql" . }}
{{ template "func/004/grant_report.sql" . }}
{{ template "func/004/revoke_report.sql" . }}
grant execute on function private.admit, private.create_account to paddock_app;
grant execute on function private.record_account_change, private.grant_report, private.revoke_report to paddock_owner;
grant execute on function private.report_accounts to paddock_report, paddock_owner;
comment on function private.admit is 'Admits this transaction as the user of a session, to an account of theirs or to none.';
comment on function private.create_account is 'Makes an account and its owner''s grant, for the admitted user.';
comment on function private.report_accounts is 'The accounts that the login of this session may report on: none once the login has ended.';
comment on function private.grant_report is 'Lets a reporting login read an account: paddock report create and grant call it.';
comment on function private.revoke_report is 'Takes an account from a reporting login, or all: paddock report revoke and drop call it.';
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;

-- Because the ids are an array, Postgres looks them up in the primary key. A
-- condition that filters rows would let EXPLAIN and the statistics functions show
-- how many rows other users have.
create policy app_reads on app.user_accounts for select to paddock_app
  using (id = any (array(
    select g.account_id from app.account_grants g
    where g.user_id = (select private.user_id())
      and (g.expires_at is null or g.expires_at > now()))));
-- Accounts are created by private.create_account, with the owner's grant: a plain
-- insert here could name any user.
create policy app_changes on app.user_accounts for update to paddock_app
  using (id = (select private.account_id('manage')))
  with check (id = (select private.account_id('manage')));
grant select, update (name, is_active, stream_mode, updated_at) on app.user_accounts to paddock_app;
-- The worker sees the one account it was admitted to.
create policy worker_reads on app.user_accounts for select to paddock_worker
  using (id = (select private.account_id('work')));
grant select on app.user_accounts to paddock_worker;
create policy gate_all on app.user_accounts to paddock_gate using (true) with check (true);
grant select, insert, delete, update (alpaca_account_id, alpaca_account_number, updated_at) on app.user_accounts to paddock_gate;
-- The group may read these columns, but has no USAGE on schema app, so that it
-- reaches the table only through the views of schema report. The same holds for
-- every table that reports read.
create policy report_reads on app.user_accounts for select to paddock_report
  using (id = any ((select private.report_accounts())::uuid[]));
grant select (id, name, environment, alpaca_account_number, is_active, created_at) on app.user_accounts to paddock_report;

create trigger record_account_change after update or delete on app.user_accounts
  for each row execute function private.record_account_change();

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger record_account_change on app.user_accounts;
drop policy report_reads on app.user_accounts;
reset role;
set local role paddock_gate;
drop function private.revoke_report, private.grant_report, private.report_accounts, private.record_account_change,
  private.create_account, private.admit;
reset role;
set local role paddock_owner;
drop policy app_reads on app.user_accounts; -- it reads the grants
drop table private.report_grants, app.account_grants, app.user_accounts;
reset role;
