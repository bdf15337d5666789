-- Which instance of the server holds which account's stream, under leases,
-- reconciliation on demand, and imports of an account's history.

set local role paddock_owner;

-- A lease is its holder's while the holder lives (private.is_live), and nobody's
-- where holder is null. fence grows each time it changes hands. admit_worker checks
-- both, so a holder that has lost its lease can write nothing more. A row changes
-- with the lease's hands alone: it is nothing of the lease that is renewed, but one
-- row of the holder's (private.signs_of_life).
create table app.stream_leases (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  holder uuid,
  fence bigint not null default 1
);
create index stream_leases_holder_idx on app.stream_leases (holder);
comment on table app.stream_leases is 'Which instance of the server holds which account''s stream, for as long as the instance lives.';
alter table app.stream_leases enable row level security, force row level security;
create policy gate_all on app.stream_leases to paddock_gate using (true) with check (true);
grant select, insert, update (holder, fence), delete on app.stream_leases to paddock_gate;

create table private.stream_instances (
  holder uuid primary key,
  most integer not null check (most >= 0)   -- how many accounts it can stream
);
comment on table private.stream_instances is 'The instances of the server, among which the accounts'' streams are divided as long as they live.';
alter table private.stream_instances enable row level security, force row level security;
create policy gate_all on private.stream_instances to paddock_gate using (true) with check (true);
grant select, insert, update (most), delete on private.stream_instances to paddock_gate;

-- Each sign is a new row, and the one before it is deleted: no row is updated. The
-- newest is the first that the key's index has for its holder, read from the end.
-- So it is found at once, however many deleted ones a snapshot that somebody holds
-- open keeps behind it. An update would leave them in the way.
create table private.signs_of_life (
  holder uuid not null,
  number bigint generated always as identity,
  given_at timestamptz not null default clock_timestamp(),
  lasts interval not null check (lasts between '1 millisecond' and '1 hour'),
  primary key (holder, number)
);
comment on table private.signs_of_life is 'The last sign of life of each instance of the server, and for how long it counts.';
alter table private.signs_of_life enable row level security, force row level security;
create policy gate_all on private.signs_of_life to paddock_gate using (true) with check (true);
grant select, insert (holder, lasts), delete on private.signs_of_life to paddock_gate;

-- Counts what changes which accounts are to be held, or how. Instances look at all
-- accounts when it has grown, and seldom otherwise. Reading a sequence costs the
-- same whatever happened, and whoever changes something waits for nobody.
create sequence private.stream_changes;
comment on sequence private.stream_changes is 'Grows with each change of what instances must know of the accounts they stream.';
grant select, usage on sequence private.stream_changes to paddock_gate;

-- Which accounts' streams are behind (private.streams_behind), and since when.
create table private.stream_outages (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  began_at timestamptz not null default clock_timestamp(),
  told_at timestamptz  -- when an event told of it
);
comment on table private.stream_outages is 'Which accounts'' streams are behind, since when, and whether that was told.';
alter table private.stream_outages enable row level security, force row level security;
create policy gate_all on private.stream_outages to paddock_gate using (true) with check (true);
grant select, insert (account_id), update (told_at), delete on private.stream_outages to paddock_gate;

-- Who waits for a reconciliation, and what the last one found. The holder of the
-- account's stream reconciles under its lease, and writes the answer here.
create table app.syncs (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  asked bigint not null default 1,     -- counts the requests
  asked_at timestamptz not null default clock_timestamp(),
  asked_by text not null,
  answered bigint not null default 0,  -- the newest request that was answered
  answered_at timestamptz,
  answer jsonb,
  check ((answered_at is null) = (answer is null)),
  constraint syncs_bounded check (app.json_size(answer) <= 16777216)
);
comment on table app.syncs is 'Who asked for a reconciliation of an account, and what the last one found.';
alter table app.syncs enable row level security, force row level security,
  alter column account_id set statistics 0, alter column asked_by set statistics 0, alter column answer set statistics 0;
create index syncs_unanswered_idx on app.syncs (account_id) where asked > answered;
create policy app_reads on app.syncs for select to paddock_app
  using (account_id = (select private.account_id('read')));
-- A reconciliation uses up the account's rate limit at the broker, so it takes a
-- role that may also cancel, on a paused account too.
create policy app_asks on app.syncs for insert to paddock_app
  with check (account_id = (select private.account_id('cancel')) and asked_by = (select private.user_id()));
create policy app_asks_again on app.syncs for update to paddock_app
  using (account_id = (select private.account_id('cancel')))
  with check (account_id = (select private.account_id('cancel')) and asked_by = (select private.user_id()));
grant select, insert (account_id, asked_by), update (asked, asked_at, asked_by) on app.syncs to paddock_app;
create policy worker_reads on app.syncs for select to paddock_worker
  using (account_id = (select private.account_id('work')));
create policy worker_answers on app.syncs for update to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select, update (answered, answered_at, answer) on app.syncs to paddock_worker;
create policy gate_reads on app.syncs for select to paddock_gate using (true);
grant select (account_id, asked, asked_at, answered) on app.syncs to paddock_gate;

-- How far the import of an account's history is: of all orders that were over before
-- the account was connected, and of what became of them. The holder of the account's
-- stream carries it out, a page at a time, and each page is one transaction with what
-- it says here: so it goes on wherever it was when its server died.
create table app.history_imports (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  asked bigint not null default 1,           -- counts the imports that were asked for
  asked_at timestamptz not null default clock_timestamp(),
  asked_by text,                             -- null: it began by itself, when the account was connected
  begun bigint not null default 0,           -- the newest that was begun; if it is less than asked, one waits
  state text not null default 'done' check (state in ('orders', 'executions', 'round_trips', 'done')),
  began_at timestamptz,
  finished_at timestamptz,
  -- Orders that were submitted from then on, by the broker's clock, are not read: the
  -- mirror has all of them.
  until_at timestamptz,
  -- The broker's ids of the last order, and the last activity, that was read. Lists
  -- are read newest first, and go on behind these.
  order_id uuid,
  activity_id text,
  reached_at timestamptz,                    -- when that order was submitted, or that activity was
  orders_read bigint not null default 0,     -- that the broker listed
  orders_added bigint not null default 0,    -- those that were not here, and their legs
  executions_added bigint not null default 0,
  problem text check (char_length(problem) <= 500),  -- why it does not go on; null when it does
  problem_at timestamptz,
  updated_at timestamptz not null default clock_timestamp(),
  check ((state = 'done') = (finished_at is not null or began_at is null)),
  check ((problem is null) = (problem_at is null))
);
comment on table app.history_imports is 'How far the import of each account''s history is: of the orders that were over before it was connected, and of their executions.';
create index history_imports_underway_idx on app.history_imports (account_id) where state <> 'done' or asked > begun;
alter table app.history_imports enable row level security, force row level security,
  alter column account_id set statistics 0, alter column asked_by set statistics 0, alter column order_id set statistics 0,
  alter column activity_id set statistics 0;
create policy app_reads on app.history_imports for select to paddock_app
  using (account_id = (select private.account_id('read')));
-- It uses up the account's rate limit at the broker, as a reconciliation does.
create policy app_asks on app.history_imports for insert to paddock_app
  with check (account_id = (select private.account_id('cancel')) and asked_by = (select private.user_id()));
create policy app_asks_again on app.history_imports for update to paddock_app
  using (account_id = (select private.account_id('cancel')))
  with check (account_id = (select private.account_id('cancel')) and asked_by = (select private.user_id()));
grant select, insert (account_id, asked_by), update (asked, asked_at, asked_by) on app.history_imports to paddock_app;
create policy worker_all on app.history_imports to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select,
  insert (account_id, begun, began_at, finished_at, orders_read),
  update (begun, state, began_at, finished_at, until_at, order_id, activity_id, reached_at, orders_read, orders_added, executions_added,
    problem, problem_at, updated_at)
  on app.history_imports to paddock_worker;
create policy gate_reads on app.history_imports for select to paddock_gate using (true);
grant select (account_id, asked, begun, state) on app.history_imports to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/011/is_live.sql" . }}
{{ template "func/011/live_instances.sql" . }}
{{ template "func/011/admit_worker.sql" . }}
{{ template "func/011/lease_share.sql" . }}
{{ template "func/011/give_sign.sql" . }}
{{ template "func/011/forget_instances.sql" . }}
{{ template "func/011/renew_leases.sql" . }}
{{ template "func/011/claim_leases.sql" . }}
{{ template "func/011/release_leases.sql" . }}
{{ template "func/011/deployment_state.sql" . }}
{{ template "func/011/note_stream_change.sql" . }}
{{ template "func/011/streams_behind.sql" . }}
{{ template "func/011/note_outages.sql" . }}
{{ template "func/011/count_history.sql" . }}
grant execute on function private.admit_worker, private.renew_leases, private.claim_leases, private.release_leases,
  private.deployment_state, private.count_history, private.note_outages to paddock_worker;
grant execute on function private.note_stream_change to paddock_owner;
comment on function private.admit_worker is 'Admits this transaction as the worker of an account, if its instance holds the account''s lease.';
comment on function private.deployment_state is 'Counts by which an operator sees whether the deployment works.';
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
{{ template "func/011/import_history_orders.sql" . }}
{{ template "func/011/import_history_activities.sql" . }}
grant execute on function app.import_history_orders, app.import_history_activities to paddock_worker;
-- Deferred to the commit, so that who sees the count grown finds the change.
create constraint trigger note_stream_change after insert or update of generation, rejected_at or delete on private.user_credentials
  deferrable initially deferred for each row execute function private.note_stream_change();
create constraint trigger note_stream_change after update of stream_mode, environment on app.user_accounts
  deferrable initially deferred for each row execute function private.note_stream_change();
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger note_stream_change on app.user_accounts;
drop trigger note_stream_change on private.user_credentials;
drop function app.import_history_activities, app.import_history_orders;
reset role;
set local role paddock_gate;
drop function private.note_outages, private.streams_behind, private.count_history, private.note_stream_change, private.deployment_state, private.release_leases, private.claim_leases, private.renew_leases,
  private.forget_instances, private.give_sign, private.lease_share, private.admit_worker, private.live_instances, private.is_live;
reset role;
set local role paddock_owner;
drop sequence private.stream_changes;
drop table app.history_imports, app.syncs, private.stream_outages, private.signs_of_life, private.stream_instances, app.stream_leases;
reset role;
