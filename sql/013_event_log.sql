-- The event log by months, with retention; the doors of push, which decide for
-- each socket; rings that say for whom they are, and that tell of lost access.

set local role paddock_owner;

-- How long events are kept, at least: a month of them goes when all are older.
-- An operator changes keep as paddock_owner; see docs/operations.md.
create table private.event_retention (
  only_one boolean primary key default true check (only_one),
  keep interval not null default '90 days' check (keep >= '1 day'),
  -- Readers have been told that events before this are no longer kept.
  forgotten_before timestamptz not null default '-infinity'
);
alter table private.event_retention enable row level security, force row level security;
create policy gate_all on private.event_retention to paddock_gate using (true) with check (true);
grant select, update (forgotten_before) on private.event_retention to paddock_gate;
create policy owner_all on private.event_retention to paddock_owner using (true) with check (true);
insert into private.event_retention default values;

-- Up to which event the log is no longer kept.
alter table app.event_heads add column dropped_seq bigint not null default 0,
  add check (dropped_seq between 0 and last_seq);

drop view report.events;
drop trigger ring_for_others on app.account_events;
alter table app.account_events rename to account_events_whole;

create table app.account_events (
  account_id uuid not null references app.event_heads (account_id) on delete cascade,
  seq bigint not null,
  kind text not null constraint account_events_kind_check
    check (kind in ('order', 'position', 'agent_log', 'account', 'credentials', 'guard')),
  -- The broker's own event id (a ULID), by which a replay is recognised.
  broker_event_id text,
  at timestamptz not null default clock_timestamp(),
  data jsonb not null
) partition by range (at);
alter table app.account_events
  alter column account_id set statistics 0, alter column broker_event_id set statistics 0, alter column data set statistics 0;
alter table app.account_events enable row level security, force row level security;

{{ template "func/event_partitions.sql" . }}
{{ template "func/add_event_partition.sql" . }}

alter table app.account_events_whole no force row level security;
alter table app.account_events no force row level security;
select private.add_event_partition(m)
  from (select at as m from app.account_events_whole union select clock_timestamp() + n * interval '1 month' from generate_series(0, 3) n) m;
insert into app.account_events select account_id, seq, kind, broker_event_id, at, data from app.account_events_whole;
alter table app.account_events force row level security;
drop table app.account_events_whole;

create policy gate_all on app.account_events to paddock_gate using (true) with check (true);
grant select, insert on app.account_events to paddock_gate;
create policy app_reads on app.account_events for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_reads on app.account_events for select to paddock_worker
  using (account_id = (select private.account_id('work')));
grant select on app.account_events to paddock_app, paddock_worker;
create policy report_reads on app.account_events for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, seq, kind, at, data) on app.account_events to paddock_report;
create view report.events with (security_invoker = true, security_barrier = true) as
  select account_id, seq, kind, at, data
  from app.account_events;
grant select on report.events to paddock_report;

create trigger ring_for_others after insert on app.account_events
  for each statement execute function private.ring_for_others();

{{ template "func/account_snapshot.sql" . }}
grant execute on function app.account_snapshot(uuid) to paddock_app;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.ring();
{{ template "func/old/ring_2.sql" . }}
grant execute on function private.ring(uuid[]) to paddock_app, paddock_worker;
drop function private.read_events(text[], uuid[], bigint[], integer, integer);
{{ template "func/read_events.sql" . }}
grant execute on function private.read_events(text[], uuid[], bigint[], integer, integer) to paddock_worker;
{{ template "func/stand.sql" . }}
grant execute on function private.stand(text[], uuid[]) to paddock_worker;
{{ template "func/append_event.sql" . }}
{{ template "func/forget_events.sql" . }}
grant execute on function private.forget_events() to paddock_worker;
{{ template "func/old/access_changed_1.sql" . }}
grant execute on function private.access_changed() to paddock_owner;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
{{ template "func/keep_event_partitions.sql" . }}
grant execute on function private.keep_event_partitions() to paddock_worker;
create trigger access_changed after delete on auth.session
  for each row execute function private.access_changed();
create trigger access_shortened after update on auth.session
  for each row when (new."expiresAt" < old."expiresAt" or new.token <> old.token) execute function private.access_changed();
create trigger access_changed after update or delete on app.account_grants
  for each row execute function private.access_changed();
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger access_changed on app.account_grants;
drop trigger access_shortened on auth.session;
drop trigger access_changed on auth.session;
drop function private.keep_event_partitions();
drop view report.events;
drop trigger ring_for_others on app.account_events;
alter table app.account_events rename to account_events_by_month;
create table app.account_events (
  account_id uuid not null references app.event_heads (account_id) on delete cascade,
  seq bigint not null,
  kind text not null constraint account_events_kind_check
    check (kind in ('order', 'position', 'agent_log', 'account', 'credentials', 'guard')),
  broker_event_id text,
  at timestamptz not null default clock_timestamp(),
  data jsonb not null,
  primary key (account_id, seq),
  unique (account_id, broker_event_id)
);
alter table app.account_events
  alter column account_id set statistics 0, alter column broker_event_id set statistics 0, alter column data set statistics 0;
alter table app.account_events_by_month no force row level security;
insert into app.account_events select account_id, seq, kind, broker_event_id, at, data from app.account_events_by_month;
drop table app.account_events_by_month;
drop function private.add_event_partition(timestamptz);
drop function private.event_partitions();
drop table private.event_retention;
alter table app.account_events enable row level security, force row level security;
create policy gate_all on app.account_events to paddock_gate using (true) with check (true);
grant select, insert on app.account_events to paddock_gate;
create policy app_reads on app.account_events for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_reads on app.account_events for select to paddock_worker
  using (account_id = (select private.account_id('work')));
grant select on app.account_events to paddock_app, paddock_worker;
create policy report_reads on app.account_events for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, seq, kind, at, data) on app.account_events to paddock_report;
create view report.events with (security_invoker = true, security_barrier = true) as
  select account_id, seq, kind, at, data
  from app.account_events;
grant select on report.events to paddock_report;
create trigger ring_for_others after insert on app.account_events
  for each statement execute function private.ring_for_others();
drop function app.account_snapshot(uuid);
alter table app.event_heads drop column dropped_seq;
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.access_changed();
drop function private.forget_events();
drop function private.stand(text[], uuid[]);
drop function private.read_events(text[], uuid[], bigint[], integer, integer);
{{ template "func/old/read_events_1.sql" . }}
grant execute on function private.read_events(text[], uuid[], bigint[], integer, integer) to paddock_worker;
drop function private.ring(uuid[]);
{{ template "func/old/ring_1.sql" . }}
grant execute on function private.ring() to paddock_app, paddock_worker;
{{ template "func/old/append_event_2.sql" . }}
reset role;
revoke create on schema private from paddock_gate;
