-- The event log of an account, its audit, and the bell that says there is news.

set local role paddock_owner;

-- The head row's lock is held until its writer commits, so an account's
-- numbers become visible in order and without gaps: a cursor that is safe
-- under concurrent commits, and that no idle transaction can hold back.
create table app.event_heads (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  last_seq bigint not null default 0 check (last_seq >= 0)
);

create table app.account_events (
  account_id uuid not null references app.event_heads (account_id) on delete cascade,
  seq bigint not null,
  kind text not null check (kind in ('order', 'position', 'agent_log', 'account', 'credentials')),
  -- The broker's own event id (a ULID), by which a replay is recognised.
  broker_event_id text,
  at timestamptz not null default clock_timestamp(),
  data jsonb not null,
  primary key (account_id, seq),
  unique (account_id, broker_event_id)
);

-- Who did what. No foreign key: the audit outlives the account.
create table app.audit_log (
  account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  at timestamptz not null default clock_timestamp(),
  actor_user_id text,  -- null: the worker
  action text not null,
  detail jsonb not null default '{}',
  primary key (account_id, id)
);
create index audit_log_at_idx on app.audit_log (account_id, at desc);

-- Planner statistics are made over all tenants, and EXPLAIN tells them.
alter table app.event_heads alter column account_id set statistics 0, alter column last_seq set statistics 0;
alter table app.account_events
  alter column account_id set statistics 0, alter column broker_event_id set statistics 0, alter column data set statistics 0;
alter table app.audit_log
  alter column account_id set statistics 0, alter column actor_user_id set statistics 0, alter column detail set statistics 0;

alter table app.event_heads    enable row level security, force row level security;
alter table app.account_events enable row level security, force row level security;
alter table app.audit_log      enable row level security, force row level security;

create policy gate_all on app.event_heads to paddock_gate using (true) with check (true);
grant select, insert, update on app.event_heads to paddock_gate;
create policy gate_all on app.account_events to paddock_gate using (true) with check (true);
grant select, insert on app.account_events to paddock_gate;
create policy gate_appends on app.audit_log for insert to paddock_gate with check (true);
grant insert on app.audit_log to paddock_gate;

create policy app_reads on app.event_heads for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.event_heads to paddock_app;

create policy app_reads on app.account_events for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_reads on app.account_events for select to paddock_worker
  using (account_id = (select private.account_id('work')));
grant select on app.account_events to paddock_app, paddock_worker;

-- The audit is its owner's to read, and nobody's to change.
create policy app_reads on app.audit_log for select to paddock_app
  using (account_id = (select private.account_id('manage')));
grant select on app.audit_log to paddock_app;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/audit.sql" . }}
{{ template "func/old/append_event_1.sql" . }}
{{ template "func/lock_log.sql" . }}
{{ template "func/old/ring_1.sql" . }}
{{ template "func/doorbell_channel.sql" . }}
{{ template "func/old/ring_for_others_1.sql" . }}
{{ template "func/old/read_events_1.sql" . }}
{{ template "func/create_account.sql" . }}
{{ template "func/old/account_changed_1.sql" . }}
grant execute on function private.append_event(text, jsonb, text) to paddock_app, paddock_worker;
grant execute on function private.lock_log(boolean) to paddock_app, paddock_worker;
grant execute on function private.ring() to paddock_app, paddock_worker;
grant execute on function private.doorbell_channel() to paddock_worker;
grant execute on function private.read_events(text[], uuid[], bigint[], integer, integer) to paddock_worker;
grant execute on function private.create_account(text, text) to paddock_app;
grant execute on function private.ring_for_others(), private.account_changed() to paddock_owner;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
create trigger ring_for_others after insert on app.account_events
  for each statement execute function private.ring_for_others();
create trigger account_changed after update or delete on app.user_accounts
  for each row execute function private.account_changed();
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger account_changed on app.user_accounts;
drop trigger ring_for_others on app.account_events;
reset role;
set local role paddock_gate;
drop function private.account_changed();
drop function private.create_account(text, text);
drop function private.read_events(text[], uuid[], bigint[], integer, integer);
drop function private.ring_for_others();
drop function private.doorbell_channel();
drop function private.ring();
drop function private.lock_log(boolean);
drop function private.append_event(text, jsonb, text);
drop function private.audit(uuid, text, jsonb);
reset role;
set local role paddock_owner;
drop table app.audit_log, app.account_events, app.event_heads;
reset role;
