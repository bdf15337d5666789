-- What happened on an account: its event log, the doorbell that wakes those who
-- follow it, its audit log, and what its agents logged.

set local role paddock_owner;

-- JSON and numeric grow when they are written as text. So each table says, in a
-- constraint named table_bounded, how large each of its columns of these types
-- may become.
{{ template "func/005/json_size.sql" . }}
{{ template "func/005/is_amount.sql" . }}
{{ template "func/005/are_amounts.sql" . }}
{{ template "func/005/resume_cursor.sql" . }}
grant execute on function app.json_size, app.is_amount, app.are_amounts to paddock_app, paddock_worker, paddock_recorder, paddock_gate;
grant execute on function app.resume_cursor to paddock_app;
comment on function app.json_size is 'How many bytes a jsonb takes as text.';
comment on function app.is_amount is 'Whether a number has few enough digits to be an amount.';
comment on function app.are_amounts is 'Whether each of the numbers has few enough digits to be an amount.';
comment on function app.resume_cursor is 'The cursor with which a reader goes on after an event.';
alter table private.api_tokens add constraint api_tokens_bounded check (app.is_amount(max_order_notional)
  and app.is_amount(max_position_notional) and app.is_amount(max_position_qty) and app.is_amount(daily_loss_limit)
  and app.is_amount(max_drawdown) and app.is_amount(approval_above) and approval_above >= 0);

-- A writer locks the head row until it commits, so an account's numbers become
-- visible in order and without gaps. So a reader's cursor never skips an event
-- that commits late, and an idle transaction elsewhere delays nobody.
create table app.event_heads (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  last_seq bigint not null default 0 check (last_seq >= 0),
  -- When that event was written. A database that comes back older than it was
  -- gives numbers again; by its time an event is told from another one of the
  -- same number.
  last_at timestamptz,
  -- Events up to this one are no longer kept, and when it was written.
  dropped_seq bigint not null default 0,
  dropped_at timestamptz,
  -- Counts transactions that changed what lists show and appended no event. Each
  -- change that can be seen gives last_seq and this together another value.
  changes bigint not null default 0,
  check (dropped_seq between 0 and last_seq),
  check ((last_seq = 0) = (last_at is null)),
  check ((dropped_seq = 0) = (dropped_at is null))
);
comment on table app.event_heads is 'The number of each account''s newest event. Whoever changes an account locks its row first.';
alter table app.event_heads enable row level security, force row level security,
  alter column account_id set statistics 0, alter column last_seq set statistics 0;
create policy gate_all on app.event_heads to paddock_gate using (true) with check (true);
grant select, insert, update (last_seq, last_at, dropped_seq, dropped_at, changes) on app.event_heads to paddock_gate;
create policy app_reads on app.event_heads for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.event_heads to paddock_app;

-- The log has one partition a month. Each partition has its own keys, which
-- add_event_partition creates.
create table app.account_events (
  account_id uuid not null references app.event_heads (account_id) on delete cascade,
  seq bigint not null,
  kind text not null check (kind in ('order', 'position', 'agent_log', 'account', 'credentials', 'guard', 'journal', 'job', 'webhook', 'notice', 'history', 'approval', 'limit', 'stream', 'summary')),
  -- The broker's event id (a ULID), by which a repeated update is recognised.
  broker_event_id text,
  at timestamptz not null default clock_timestamp(),
  data jsonb not null,
  constraint account_events_bounded check (app.json_size(data) <= 16777216)
) partition by range (at);
comment on table app.account_events is 'The event log of each account, numbered without gaps, in one partition a month.';
alter table app.account_events enable row level security, force row level security,
  alter column account_id set statistics 0, alter column broker_event_id set statistics 0, alter column data set statistics 0;
create policy gate_all on app.account_events to paddock_gate using (true) with check (true);
grant select, insert (account_id, seq, kind, broker_event_id, at, data) on app.account_events to paddock_gate;
create policy app_reads on app.account_events for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_reads on app.account_events for select to paddock_worker
  using (account_id = (select private.account_id('work')));
grant select on app.account_events to paddock_app, paddock_worker;
create policy report_reads on app.account_events for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, seq, kind, at, data) on app.account_events to paddock_report;

-- How long events are kept at least: a month's partition is dropped when all of
-- its events are older. An operator changes keep as paddock_owner; see
-- docs/operations.md.
create table private.event_retention (
  only_one boolean primary key default true check (only_one),
  keep interval not null default '90 days' check (keep >= '1 day'),
  -- Events before this are marked as no longer kept (event_heads.dropped_seq).
  expired_before timestamptz not null default '-infinity'
);
comment on table private.event_retention is 'How long events are kept; paddock_owner may change the column keep.';
alter table private.event_retention enable row level security, force row level security;
create policy gate_all on private.event_retention to paddock_gate using (true) with check (true);
grant select, update (expired_before) on private.event_retention to paddock_gate;
create policy owner_all on private.event_retention to paddock_owner using (true) with check (true);
insert into private.event_retention default values;

{{ template "func/005/partitions.sql" . }}
{{ template "func/005/add_event_partition.sql" . }}
{{ template "func/005/maintain_event_partitions.sql" . }}
grant execute on function private.maintain_event_partitions to paddock_worker;
comment on function private.maintain_event_partitions is 'Makes the event log''s partitions of the months to come and drops those that are no longer kept.';
select private.maintain_event_partitions();

-- The audit: who did what, in two tables of one form, each with a partition a
-- month. They have no foreign keys, because they outlive accounts and users.
-- Whoever does something has it written in the same transaction, by private.audit
-- alone, so that nothing is done without its row; and no row is ever changed.
create table app.audit_log (
  account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  at timestamptz not null default clock_timestamp(),
  -- nobody: somebody who could not sign in
  kind text not null check (kind in ('user', 'worker', 'operator', 'reporting_login', 'nobody')),
  -- The user's id, or the operator's or login's name.
  actor text,
  session_id text,
  request_id text,
  address text,
  request text,
  action text not null check (action ~ '^[a-z_]+\.[a-z_]+$'),
  detail jsonb not null default '{}',
  primary key (account_id, at, id),
  constraint audit_log_bounded check (app.json_size(detail) <= 65536)
) partition by range (at);
comment on table app.audit_log is 'Who did what on an account. Rows are never changed, and outlive the account.';
comment on column app.audit_log.kind is 'What sort of actor it was: user, worker (the server itself, for the account''s stream), operator, reporting_login or nobody (somebody who could not sign in).';
comment on column app.audit_log.actor is 'Who it was: a user''s id, or the name of an operator or of a reporting login.';
comment on column app.audit_log.session_id is 'The id of the session, which is no secret: the token is another column.';
comment on column app.audit_log.request_id is 'The request''s X-Request-ID, by which the server''s log has it.';
comment on column app.audit_log.address is 'The client''s address.';
comment on column app.audit_log.request is 'Method and path of the request.';
alter table app.audit_log enable row level security, force row level security,
  alter column account_id set statistics 0, alter column actor set statistics 0, alter column session_id set statistics 0,
  alter column request_id set statistics 0, alter column address set statistics 0, alter column request set statistics 0,
  alter column detail set statistics 0;
create policy gate_appends on app.audit_log for insert to paddock_gate with check (true);
grant insert (account_id, kind, actor, session_id, request_id, address, request, action, detail) on app.audit_log to paddock_gate;
create policy app_reads on app.audit_log for select to paddock_app
  using (account_id = (select private.account_id('manage')));
grant select on app.audit_log to paddock_app;
create policy report_reads on app.audit_log for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, at, kind, actor, session_id, request_id, address, request, action, detail) on app.audit_log to paddock_report;

create table app.user_audit_log (
  user_id text not null,  -- '' where nobody knows whose it is
  id uuid not null default gen_random_uuid(),
  at timestamptz not null default clock_timestamp(),
  kind text not null check (kind in ('user', 'worker', 'operator', 'reporting_login', 'nobody')),
  actor text,
  session_id text,
  request_id text,
  address text,
  request text,
  action text not null check (action ~ '^[a-z_]+\.[a-z_]+$'),
  detail jsonb not null default '{}',
  primary key (user_id, at, id),
  constraint user_audit_log_bounded check (app.json_size(detail) <= 65536)
) partition by range (at);
comment on table app.user_audit_log is 'What concerns a user and no account: sign-ins, passwords, sessions. Rows are never changed, and outlive the user.';
alter table app.user_audit_log enable row level security, force row level security,
  alter column user_id set statistics 0, alter column actor set statistics 0, alter column session_id set statistics 0,
  alter column request_id set statistics 0, alter column address set statistics 0, alter column request set statistics 0,
  alter column detail set statistics 0;
create policy gate_appends on app.user_audit_log for insert to paddock_gate with check (true);
grant insert (user_id, kind, actor, session_id, request_id, address, request, action, detail) on app.user_audit_log to paddock_gate;
create policy app_reads on app.user_audit_log for select to paddock_app
  using (user_id = (select private.user_id()) and (select private.token_id()) is null);
grant select on app.user_audit_log to paddock_app;

-- How long the audit is kept at least. An operator changes keep as paddock_owner.
create table private.audit_retention (
  only_one boolean primary key default true check (only_one),
  keep interval not null default '400 days' check (keep >= '1 day')
);
comment on table private.audit_retention is 'How long the audit is kept; paddock_owner may change the column keep.';
alter table private.audit_retention enable row level security, force row level security;
create policy owner_all on private.audit_retention to paddock_owner using (true) with check (true);
insert into private.audit_retention default values;

{{ template "func/005/maintain_audit_partitions.sql" . }}
grant execute on function private.maintain_audit_partitions to paddock_worker;
comment on function private.maintain_audit_partitions is 'Makes the audit''s partitions of the months to come and drops those that are no longer kept.';
select private.maintain_audit_partitions();

-- What agents say of their work. Lines that agents send have a partition a month of
-- their own time, which goes as a whole once it is older than they are kept; those
-- that an import brought (which are older than Paddock, and nobody else has) are
-- apart, and stay until the import is undone. What no month takes, since nobody has
-- made it, goes to agent_logs_other: so no line is refused for the want of a partition.
create table app.agent_logs (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  user_id text,
  token_id uuid default private.token_id(),  -- the API token that sent it
  orchestrator_agent_id text check (char_length(orchestrator_agent_id) <= 128),
  order_id uuid,  -- the order that it is about, of this account: 006 has the foreign key
  level text not null check (level in ('debug', 'info', 'warn', 'error')),
  message text not null check (char_length(message) between 1 and 10000),
  data jsonb,
  at timestamptz not null default now(),  -- when it was, by the agent's clock where that was said
  created_at timestamptz not null default now(),  -- when it came here
  import_id uuid,  -- the import that brought it (private.imports)
  -- An agent's clock may be ahead a little.
  constraint agent_logs_at_check check (at - created_at <= interval '1 minute'),
  constraint agent_logs_bounded check (app.json_size(data) <= 65536)
) partition by list (import_id);
comment on table app.agent_logs is 'What agents logged of their work on an account, in one partition a month, and one of what imports brought.';
-- One index for each filter. A level is a part of two of them, because what is asked
-- for is mostly the few errors among many lines.
create index agent_logs_level_idx on app.agent_logs (account_id, level, at desc, id desc);
create index agent_logs_agent_idx on app.agent_logs (account_id, orchestrator_agent_id, level, at desc, id desc) where orchestrator_agent_id is not null;
create index agent_logs_token_idx on app.agent_logs (account_id, token_id, level, at desc, id desc) where token_id is not null;
create index agent_logs_order_idx on app.agent_logs (account_id, order_id, level, at desc, id desc) where order_id is not null;
create index agent_logs_import_idx on app.agent_logs (account_id, import_id) where import_id is not null;
alter table app.agent_logs enable row level security, force row level security,
  alter column account_id set statistics 0, alter column user_id set statistics 0, alter column token_id set statistics 0,
  alter column orchestrator_agent_id set statistics 0, alter column order_id set statistics 0, alter column message set statistics 0,
  alter column data set statistics 0;
create policy app_reads on app.agent_logs for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy app_inserts on app.agent_logs for insert to paddock_app
  with check (account_id = (select private.account_id('log')) and user_id = (select private.user_id()));
grant select, insert (account_id, id, user_id, orchestrator_agent_id, order_id, level, message, data, at) on app.agent_logs to paddock_app;

-- The partitions of what imports brought, and of what agents send; the latter has
-- the months, and the one for what fits none. Nobody has grants on them: all access goes through
-- app.agent_logs, where the policies are.
create table app.agent_logs_imported partition of app.agent_logs (primary key (account_id, id)) default;
create index agent_logs_imported_newest_idx on app.agent_logs_imported (account_id, at desc, id desc); -- the others have a key that serves
create table app.agent_logs_sent partition of app.agent_logs (primary key (account_id, at, id)) for values in (null) partition by range (at);
create table app.agent_logs_other partition of app.agent_logs_sent default;
alter table app.agent_logs_imported enable row level security, force row level security,
  alter column account_id set statistics 0, alter column user_id set statistics 0, alter column token_id set statistics 0,
  alter column orchestrator_agent_id set statistics 0, alter column order_id set statistics 0, alter column message set statistics 0,
  alter column data set statistics 0;
alter table app.agent_logs_sent enable row level security, force row level security,
  alter column account_id set statistics 0, alter column user_id set statistics 0, alter column token_id set statistics 0,
  alter column orchestrator_agent_id set statistics 0, alter column order_id set statistics 0, alter column message set statistics 0,
  alter column data set statistics 0;
alter table app.agent_logs_other enable row level security, force row level security,
  alter column account_id set statistics 0, alter column user_id set statistics 0, alter column token_id set statistics 0,
  alter column orchestrator_agent_id set statistics 0, alter column order_id set statistics 0, alter column message set statistics 0,
  alter column data set statistics 0;

-- How long agents' logs are kept at least. An operator changes keep as paddock_owner.
create table private.agent_log_retention (
  only_one boolean primary key default true check (only_one),
  keep interval not null default '180 days' check (keep >= '1 day')
);
comment on table private.agent_log_retention is 'How long agents'' logs are kept; paddock_owner may change the column keep.';
alter table private.agent_log_retention enable row level security, force row level security;
create policy gate_reads on private.agent_log_retention for select to paddock_gate using (true);
grant select on private.agent_log_retention to paddock_gate;
create policy owner_all on private.agent_log_retention to paddock_owner using (true) with check (true);
insert into private.agent_log_retention default values;

{{ template "func/005/maintain_agent_log_partitions.sql" . }}
grant execute on function private.maintain_agent_log_partitions to paddock_worker;
comment on function private.maintain_agent_log_partitions is 'Makes the partitions of agents'' logs and drops those that are no longer kept.';
select private.maintain_agent_log_partitions();

-- Requests that sent lines of a log with an Idempotency-Key: one that is repeated within a day stores
-- nothing again, and is answered as the first was.
create table app.agent_log_requests (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  idempotency_key text not null check (char_length(idempotency_key) between 1 and 255),
  request_hash bytea not null check (octet_length(request_hash) = 32),
  asked_by text not null,
  lines integer not null check (lines between 1 and 1000),
  first_at timestamptz not null,
  last_at timestamptz not null,
  created_at timestamptz not null default now(),
  primary key (account_id, idempotency_key)
);
comment on table app.agent_log_requests is 'Requests that sent lines of a log with an Idempotency-Key, for their retries within a day.';
alter table app.agent_log_requests enable row level security, force row level security,
  alter column account_id set statistics 0, alter column idempotency_key set statistics 0, alter column request_hash set statistics 0,
  alter column asked_by set statistics 0;
create policy app_reads on app.agent_log_requests for select to paddock_app using (account_id = (select private.account_id('log')));
create policy app_inserts on app.agent_log_requests for insert to paddock_app
  with check (account_id = (select private.account_id('log')) and asked_by = (select private.user_id()));
grant select, insert (account_id, idempotency_key, request_hash, asked_by, lines, first_at, last_at) on app.agent_log_requests to paddock_app;
create policy gate_purges on app.agent_log_requests to paddock_gate using (true);
grant select, delete on app.agent_log_requests to paddock_gate;

-- What users have had stored in the day that began then, in bytes: agents' logs,
-- orders with their events, and what imports of their accounts' histories brought.
-- An operator changes the limit as paddock_owner.
create table private.stored_bytes (
  user_id text not null references auth."user" (id) on delete cascade,
  what text not null check (what in ('logs', 'orders', 'history')),
  since timestamptz not null default clock_timestamp(),
  bytes bigint not null,
  primary key (user_id, what)
);
comment on table private.stored_bytes is 'How many bytes each user has had stored lately.';
alter table private.stored_bytes enable row level security, force row level security;
create policy gate_all on private.stored_bytes to paddock_gate using (true) with check (true);
grant select, insert, update (since, bytes), delete on private.stored_bytes to paddock_gate;

create table private.storage_limit (
  only_one boolean primary key default true check (only_one),
  logs_a_day bigint not null default 100 * 1024 * 1024 check (logs_a_day >= 0),
  orders_a_day bigint not null default 1024 * 1024 * 1024 check (orders_a_day >= 0),
  history_a_day bigint not null default 1024 * 1024 * 1024 check (history_a_day >= 0)
);
comment on table private.storage_limit is 'How many bytes a user may have stored in a day; paddock_owner may change them.';
alter table private.storage_limit enable row level security, force row level security;
create policy gate_reads on private.storage_limit for select to paddock_gate using (true);
grant select on private.storage_limit to paddock_gate;
create policy owner_all on private.storage_limit to paddock_owner using (true) with check (true);
insert into private.storage_limit default values;

-- How long a session may do what only its user may after it has shown its password or a
-- code: see require_step_up. An operator changes it as paddock_owner.
create table private.step_up_window (
  only_one boolean primary key default true check (only_one),
  lasts interval not null default '15 minutes' check (lasts between '1 minute' and '1 day')
);
comment on table private.step_up_window is 'How long a password or a code suffices for what needs a step-up; paddock_owner may change it.';
alter table private.step_up_window enable row level security, force row level security;
create policy gate_reads on private.step_up_window for select to paddock_gate using (true);
grant select on private.step_up_window to paddock_gate;
create policy owner_all on private.step_up_window to paddock_owner using (true) with check (true);
insert into private.step_up_window default values;

-- The name of the NOTIFY channel is secret, because any login may LISTEN.
create table private.doorbell (
  only_one boolean primary key default true check (only_one),
  channel text not null check (channel ~ '^paddock_[0-9a-f]{32}$')
);
comment on table private.doorbell is 'The secret name of the NOTIFY channel that says which accounts have new events.';
alter table private.doorbell enable row level security, force row level security;
create policy gate_all on private.doorbell to paddock_gate using (true) with check (true);
grant select, insert on private.doorbell to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/005/origin.sql" . }}
{{ template "func/005/is_sign_in_login.sql" . }}
{{ template "func/005/audit.sql" . }}
{{ template "func/005/has_stepped_up.sql" . }}
{{ template "func/005/require_step_up.sql" . }}
{{ template "func/005/step_up.sql" . }}
{{ template "func/005/stepped_up_until.sql" . }}
{{ template "func/005/audit_call.sql" . }}
{{ template "func/005/audit_refused_sign_in.sql" . }}
{{ template "func/005/audit_email.sql" . }}
{{ template "func/005/record_user_change.sql" . }}
{{ template "func/005/record_grant_change.sql" . }}
{{ template "func/005/refuse_disabled_user.sql" . }}
{{ template "func/005/forget_tokens.sql" . }}
{{ template "func/005/list_users.sql" . }}
{{ template "func/005/note_second_factor.sql" . }}
{{ template "func/005/use_time_step.sql" . }}
{{ template "func/005/use_backup_code.sql" . }}
{{ template "func/005/use_trusted_device.sql" . }}
{{ template "func/005/keep_second_factor.sql" . }}
{{ template "func/005/require_second_factor.sql" . }}
{{ template "func/005/disable_two_factor.sql" . }}
{{ template "func/005/disable_user.sql" . }}
{{ template "func/005/enable_user.sql" . }}
{{ template "func/005/verify_user.sql" . }}
{{ template "func/005/make_reset_token.sql" . }}
{{ template "func/005/make_invitation.sql" . }}
{{ template "func/005/lock_sign_ups.sql" . }}
{{ template "func/005/lock_accounts.sql" . }}
{{ template "func/005/lock_event_log.sql" . }}
{{ template "func/005/count_stored.sql" . }}
{{ template "func/005/count_agent_logs.sql" . }}
{{ template "func/005/write_event.sql" . }}
{{ template "func/005/append_event.sql" . }}
{{ template "func/005/note_change.sql" . }}
{{ template "func/005/read_events.sql" . }}
{{ template "func/005/changed_places.sql" . }}
{{ template "func/005/check_access.sql" . }}
{{ template "func/005/mark_expired_events.sql" . }}
{{ template "func/005/purge_expired.sql" . }}
{{ template "func/005/doorbell_channel.sql" . }}
{{ template "func/005/notify_events.sql" . }}
{{ template "func/005/ring_for_others.sql" . }}
grant execute on function private.lock_event_log, private.append_event to paddock_app, paddock_worker;
grant execute on function private.append_event to paddock_recorder;
grant execute on function private.read_events, private.changed_places, private.check_access, private.mark_expired_events, private.purge_expired,
  private.doorbell_channel, private.notify_events to paddock_worker;
select private.doorbell_channel();
grant execute on function private.note_change, private.ring_for_others, private.count_agent_logs, private.record_user_change, private.record_grant_change to paddock_owner;
grant execute on function private.audit_call to paddock_app;
grant execute on function private.audit_refused_sign_in, private.audit_email, private.lock_sign_ups, private.use_time_step, private.use_backup_code,
  private.use_trusted_device, private.keep_second_factor, private.step_up, private.stepped_up_until to paddock_auth;
grant execute on function private.require_step_up to paddock_app;
comment on function private.require_step_up is 'Refuses a live account''s request whose session has not shown its password or a code lately.';
comment on function private.stepped_up_until is 'Until when what a session has shown suffices for what needs a step-up.';
comment on function private.step_up is 'Notes that a session has shown its password or a code.';
grant execute on function private.require_second_factor, private.disable_two_factor to paddock_owner;
comment on function private.use_time_step is 'Uses up a TOTP code: it works once, and a session may begin in the transaction.';
comment on function private.use_backup_code is 'Uses up a backup code: a session may begin in the transaction.';
comment on function private.use_trusted_device is 'Uses up the mark of a trusted device: a session may begin in the transaction.';
comment on function private.keep_second_factor is 'Lets a session take the place of a living one of the same user in the transaction.';
comment on function private.disable_two_factor is 'Turns a user''s two-factor authentication off: paddock user two-factor-off calls it.';
grant execute on function private.make_reset_token to paddock_auth, paddock_owner;
grant execute on function private.refuse_disabled_user, private.forget_tokens, private.list_users, private.disable_user, private.enable_user,
  private.verify_user, private.make_invitation to paddock_owner;
comment on function private.purge_expired is 'Deletes sessions and tokens of sign-in that ended more than a day ago, and counts of limits that are over.';
comment on function private.list_users is 'All users, for paddock user list.';
comment on function private.disable_user is 'Ends a user''s sessions and refuses them new ones: paddock user disable calls it.';
comment on function private.enable_user is 'Lets a disabled user sign in again: paddock user enable calls it.';
comment on function private.verify_user is 'Marks a user''s email address as verified: paddock user verify calls it.';
comment on function private.make_reset_token is 'Keeps the digest of a token with which a user may set a new password.';
comment on function private.make_invitation is 'Keeps the digest of a token with which somebody may sign up.';
comment on function private.lock_sign_ups is 'Keeps other sign-ups waiting until this transaction ends.';
comment on function private.audit_call is 'Writes into the admitted account''s audit what is about to be asked of the broker.';
comment on function private.audit_refused_sign_in is 'Writes into the audit that a password or a code was refused.';
comment on function private.audit_email is 'Writes into the audit what was done about a user''s email address.';
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
create trigger count_agent_logs after insert on app.agent_logs
  referencing new table as written for each statement execute function private.count_agent_logs();
create trigger ring_for_others after insert on app.account_events
  referencing new table as written for each statement
  when (current_setting('app.rings', true) is distinct from 'on') execute function private.ring_for_others();
create trigger record_user_change after insert or update or delete on auth."user"
  for each row execute function private.record_user_change();
create trigger refuse_disabled_user before insert or update of "userId" on auth.session
  for each row execute function private.refuse_disabled_user();
create trigger require_second_factor before insert or update of "userId" on auth.session
  for each row execute function private.require_second_factor();
create trigger record_user_change after insert or update or delete on auth."twoFactor"
  for each row execute function private.record_user_change();
create trigger record_user_change after insert or delete on auth.session
  for each row execute function private.record_user_change();
create trigger record_user_change after insert or update or delete on auth.account
  for each row execute function private.record_user_change();
create trigger forget_tokens after update of email on auth."user"
  for each row when (new.email is distinct from old.email) execute function private.forget_tokens();
create trigger forget_tokens after update of password on auth.account
  for each row when (new.password is distinct from old.password) execute function private.forget_tokens();
create trigger record_grant_change after insert or update or delete on app.account_grants
  for each row execute function private.record_grant_change();
reset role;
-- Sign-in calls functions of this schema.
grant usage on schema private to paddock_auth;

---- create above / drop below ----

set local role paddock_owner;
drop trigger ring_for_others on app.account_events;
drop trigger count_agent_logs on app.agent_logs;
drop trigger record_grant_change on app.account_grants;
drop trigger record_user_change on auth.account;
drop trigger record_user_change on auth.session;
drop trigger record_user_change on auth."twoFactor";
drop trigger require_second_factor on auth.session;
drop trigger refuse_disabled_user on auth.session;
drop trigger forget_tokens on auth.account;
drop trigger forget_tokens on auth."user";
drop trigger record_user_change on auth."user";
reset role;
revoke usage on schema private from paddock_auth;
set local role paddock_gate;
drop function private.disable_two_factor, private.require_second_factor, private.keep_second_factor, private.use_trusted_device,
  private.use_backup_code, private.use_time_step, private.note_second_factor;
drop function private.lock_sign_ups, private.make_invitation, private.make_reset_token, private.verify_user, private.enable_user, private.disable_user, private.list_users, private.forget_tokens, private.refuse_disabled_user;
drop function private.note_change, private.count_agent_logs, private.count_stored, private.ring_for_others, private.notify_events, private.doorbell_channel, private.purge_expired, private.mark_expired_events, private.check_access, private.changed_places, private.read_events,
  private.append_event, private.write_event, private.lock_event_log, private.lock_accounts, private.record_grant_change, private.record_user_change, private.audit_refused_sign_in, private.audit_email,
  private.audit_call, private.stepped_up_until, private.step_up, private.require_step_up, private.has_stepped_up, private.audit, private.is_sign_in_login, private.origin;
reset role;
set local role paddock_owner;
drop function private.maintain_agent_log_partitions, private.maintain_audit_partitions, private.maintain_event_partitions, private.add_event_partition, private.partitions;
drop table private.doorbell, private.step_up_window, private.storage_limit, private.stored_bytes, app.agent_log_requests, app.agent_logs, private.agent_log_retention, private.audit_retention, app.user_audit_log, app.audit_log, private.event_retention, app.account_events, app.event_heads;
alter table private.api_tokens drop constraint api_tokens_bounded;
drop function app.resume_cursor, app.are_amounts, app.is_amount, app.json_size;
reset role;
