-- Jobs: what was asked for in a request and outlives it, such as an order with
-- Prefer: respond-async.
--
-- A job is a row of its account's in app.jobs. River, the library that runs jobs,
-- has its own tables in schema jobs; a row there only says that a user's accounts
-- have jobs to work on, as the doorbell says that it has events. Whoever forges
-- one causes a look, and nothing else.
--
-- Two logins work on a job together. paddock_worker begins it and ends it, and gets
-- a ticket for the time between (private.begin_job). paddock_app presents the
-- ticket, and is then admitted as the user who asked for the job, with no more
-- scopes than that user has now (private.admit_job). So either login alone, with
-- whatever rows it forges, can do nothing in a user's name.

create schema jobs authorization paddock_owner;
comment on schema jobs is 'River''s tables, which say whose jobs wait to be worked on.';
revoke all on schema jobs from public;
grant usage on schema jobs to paddock_gate, paddock_worker;

set local role paddock_owner;

-- River's schema of its version 0.51.2, as its own migrations 1 to 8 make it. A test
-- compares the two. Of ours are the row security, the constraints named bounded, and
-- the comments. River's table of migrations is left out: these are its migrations.
create type jobs.river_job_state as enum ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled');

create function jobs.river_job_state_in_bitmask(bitmask bit(8), state jobs.river_job_state)
returns boolean
language sql
immutable
as $$
    SELECT CASE state
        WHEN 'available' THEN get_bit(bitmask, 7)
        WHEN 'cancelled' THEN get_bit(bitmask, 6)
        WHEN 'completed' THEN get_bit(bitmask, 5)
        WHEN 'discarded' THEN get_bit(bitmask, 4)
        WHEN 'pending'   THEN get_bit(bitmask, 3)
        WHEN 'retryable' THEN get_bit(bitmask, 2)
        WHEN 'running'   THEN get_bit(bitmask, 1)
        WHEN 'scheduled' THEN get_bit(bitmask, 0)
        ELSE 0
    END = 1;
$$;
grant usage on type jobs.river_job_state to paddock_gate, paddock_worker;
grant execute on function jobs.river_job_state_in_bitmask to paddock_gate, paddock_worker;

create table jobs.river_job (
  id bigserial primary key,
  state jobs.river_job_state not null default 'available',
  attempt smallint not null default 0,
  max_attempts smallint not null default 25,
  attempted_at timestamptz,
  created_at timestamptz not null default now(),
  finalized_at timestamptz,
  scheduled_at timestamptz not null default now(),
  priority smallint not null default 1,
  args jsonb not null,
  attempted_by text[],
  errors jsonb[],
  kind text not null,
  metadata jsonb not null default '{}',
  queue text not null default 'default',
  tags varchar(255)[] not null default '{}',
  unique_key bytea,
  unique_states bit(8),
  constraint max_attempts_is_positive check (max_attempts > 0),
  constraint priority_in_range check (priority >= 1 and priority <= 4),
  constraint queue_length check (char_length(queue) > 0 and char_length(queue) < 128),
  constraint kind_length check (char_length(kind) > 0 and char_length(kind) < 128),
  constraint finalized_or_finalized_at_null check (
    (finalized_at is null and state not in ('cancelled', 'completed', 'discarded')) or
    (finalized_at is not null and state in ('cancelled', 'completed', 'discarded'))),
  constraint river_job_bounded check (app.json_size(args) <= 1024 and app.json_size(metadata) <= 65536)
);
comment on table jobs.river_job is 'What River runs: looks at the lists of jobs, and upkeep. Its arguments are digests of users'' ids.';
create index river_job_kind on jobs.river_job (kind);
create index river_job_state_and_finalized_at_index on jobs.river_job (state, finalized_at) where finalized_at is not null;
create index river_job_prioritized_fetching_index on jobs.river_job (state, queue, priority, scheduled_at, id);
create index river_job_args_index on jobs.river_job using gin (args);
create index river_job_metadata_index on jobs.river_job using gin (metadata);
create unique index river_job_unique_idx on jobs.river_job (unique_key)
  where unique_key is not null and unique_states is not null and jobs.river_job_state_in_bitmask(unique_states, state);

create unlogged table jobs.river_leader (
  elected_at timestamptz not null,
  expires_at timestamptz not null,
  leader_id text not null,
  name text primary key default 'default',
  constraint name_length check (name = 'default'),
  constraint leader_id_length check (char_length(leader_id) > 0 and char_length(leader_id) < 128)
);
comment on table jobs.river_leader is 'Which instance looks after River''s tables.';

create table jobs.river_queue (
  name text primary key not null,
  created_at timestamptz not null default now(),
  metadata jsonb not null default '{}'::jsonb,
  paused_at timestamptz,
  updated_at timestamptz not null default current_timestamp,
  constraint river_queue_bounded check (app.json_size(metadata) <= 65536)
);
comment on table jobs.river_queue is 'River''s queues.';

-- River writes it under SQLite alone.
create table jobs.river_notification (
  id bigserial primary key,
  created_at timestamptz not null default now(),
  payload text not null,
  topic text not null,
  constraint topic_length check (length(topic) > 0 and length(topic) < 128)
);
comment on table jobs.river_notification is 'Of River''s schema, and without rows under Postgres.';
create index river_notification_created_at_idx on jobs.river_notification (created_at);
create index river_notification_topic_id_idx on jobs.river_notification (topic, id);

alter table jobs.river_job enable row level security, force row level security, alter column args set statistics 0;
alter table jobs.river_leader enable row level security, force row level security;
alter table jobs.river_queue enable row level security, force row level security;
alter table jobs.river_notification enable row level security, force row level security;
create policy worker_all on jobs.river_job to paddock_worker using (true) with check (true);
grant select, insert, delete,
  update (state, attempt, attempted_at, attempted_by, errors, finalized_at, scheduled_at, metadata, kind)
  on jobs.river_job to paddock_worker;
grant usage on sequence jobs.river_job_id_seq to paddock_worker, paddock_gate;
create policy worker_all on jobs.river_leader to paddock_worker using (true) with check (true);
grant select, insert, delete, update (elected_at, expires_at, leader_id) on jobs.river_leader to paddock_worker;
create policy worker_all on jobs.river_queue to paddock_worker using (true) with check (true);
grant select, insert, delete, update (metadata, paused_at, updated_at) on jobs.river_queue to paddock_worker;
-- The gate adds the rows that say whose jobs wait (private.wake_jobs).
create policy gate_wakes on jobs.river_job to paddock_gate using (kind = 'jobs') with check (kind = 'jobs');
grant select (kind, unique_key, unique_states, state, scheduled_at),
  insert (state, max_attempts, scheduled_at, args, kind, queue, unique_key, unique_states), update (scheduled_at)
  on jobs.river_job to paddock_gate;

-- What a job was asked for as is what its admission said: its user, the session and
-- the request. A trigger writes these, and nobody else can.
create table app.jobs (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null,
  seq bigint not null,  -- the order in which the account's jobs were accepted
  kind text not null check (kind in ('order')),
  state text not null default 'waiting' check (state in ('waiting', 'pending_approval', 'running', 'done', 'failed', 'canceled')),
  idempotency_key text check (char_length(idempotency_key) between 1 and 255),
  client_order_id text check (char_length(client_order_id) between 1 and 128),
  request jsonb not null,
  request_hash bytea not null,
  asked_by text not null,
  session_id text not null,
  origin text not null,
  accepted_at timestamptz not null default clock_timestamp(),
  due_at timestamptz not null default clock_timestamp(),  -- it is not begun before
  began_at timestamptz,                                   -- for the first time
  ended_at timestamptz,
  tries integer not null default 0,
  -- What the request would have been answered without waiting: HTTP's status and the body.
  status integer check (status between 200 and 599),
  answer jsonb,
  primary key (account_id, id),
  unique (account_id, seq),
  check ((ended_at is null) = (state in ('waiting', 'pending_approval', 'running'))),
  check (state <> 'running' or began_at is not null),
  check ((status is null) = (state in ('waiting', 'pending_approval', 'running', 'canceled'))),
  constraint jobs_bounded check (app.json_size(request) <= 262144 and app.json_size(answer) <= 1048576)
);
comment on table app.jobs is 'Requests that are carried out after they were answered, with what became of each.';
create index jobs_unended_idx on app.jobs (account_id, kind, seq) where ended_at is null;
-- Those that wait for nobody's word.
create index jobs_due_idx on app.jobs (account_id, kind, seq) where ended_at is null and state <> 'pending_approval';
create unique index jobs_unended_key_idx on app.jobs (account_id, idempotency_key) where ended_at is null;
create unique index jobs_unended_client_order_id_idx on app.jobs (account_id, client_order_id) where ended_at is null;
create index jobs_newest_idx on app.jobs (account_id, accepted_at desc, id desc);
alter table app.jobs enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column seq set statistics 0,
  alter column idempotency_key set statistics 0, alter column client_order_id set statistics 0, alter column request set statistics 0,
  alter column request_hash set statistics 0, alter column asked_by set statistics 0, alter column session_id set statistics 0,
  alter column origin set statistics 0, alter column answer set statistics 0;
create policy app_reads on app.jobs for select to paddock_app using (account_id = (select private.account_id('read')));
create policy app_inserts on app.jobs for insert to paddock_app
  with check (account_id = (select private.account_id('trade')) and asked_by = (select private.user_id()));
grant select (account_id, id, seq, kind, state, idempotency_key, client_order_id, request, request_hash, asked_by, accepted_at, due_at,
    began_at, ended_at, tries, status, answer),
  insert (account_id, id, kind, idempotency_key, client_order_id, request, request_hash)
  on app.jobs to paddock_app;
create policy gate_all on app.jobs to paddock_gate using (true) with check (true);
grant select, update (state, due_at, began_at, ended_at, tries, status, answer), delete on app.jobs to paddock_gate;

-- A list of one kind of jobs of one account. One job of a list runs at a time, by
-- whoever has claimed the list.
create table private.job_lists (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  kind text not null,
  owner text not null,                  -- SHA-256 of the id of the account's owner, in hex
  waits boolean not null default true,  -- whether it may have a job that has not ended
  holder uuid,                          -- who claims it
  job_id uuid,                          -- the job that runs
  ticket bytea check (octet_length(ticket) = 32),  -- SHA-256 of its ticket
  live_until timestamptz,               -- the claim is over then, unless it is renewed
  free_since timestamptz not null default clock_timestamp(),  -- nobody has worked on it since
  primary key (account_id, kind),
  check ((holder is null) = (job_id is null) and (holder is null) = (ticket is null) and (holder is null) = (live_until is null))
);
comment on table private.job_lists is 'Which lists of jobs have something to do, and who works on each.';
create index job_lists_owner_idx on private.job_lists (owner) where waits;
alter table private.job_lists enable row level security, force row level security;
create policy gate_all on private.job_lists to paddock_gate using (true) with check (true);
grant select, insert (account_id, kind, owner), update (owner, waits, holder, job_id, ticket, live_until, free_since) on private.job_lists to paddock_gate;

-- How long jobs that have ended are kept. An operator changes keep as paddock_owner.
create table private.job_retention (
  only_one boolean primary key default true check (only_one),
  keep interval not null default '7 days' check (keep >= '1 hour')
);
comment on table private.job_retention is 'How long jobs that have ended are kept; paddock_owner may change the column keep.';
alter table private.job_retention enable row level security, force row level security;
create policy gate_reads on private.job_retention for select to paddock_gate using (true);
grant select on private.job_retention to paddock_gate;
create policy owner_all on private.job_retention to paddock_owner using (true) with check (true);
insert into private.job_retention default values;

-- What charting services sent (POST /api/alerts), and what it led to: a job, or why it was
-- refused.
create table app.alerts (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null,
  token_id uuid not null,     -- the API token that was in it
  alert_id text not null check (char_length(alert_id) between 1 and 200),  -- by which it is known again
  source text check (char_length(source) between 1 and 80),
  sent_at timestamptz,        -- by its own clock
  received_at timestamptz not null default clock_timestamp(),
  request jsonb not null,     -- the order that it asks for
  job_id uuid,                -- that sends it, and so the order's id
  code text,                  -- why it was refused
  message text check (char_length(message) <= 2000),
  primary key (account_id, id),
  check ((job_id is null) = (code is not null)),
  constraint alerts_bounded check (app.json_size(request) <= 262144)
);
comment on table app.alerts is 'Alerts of charting services, and what each led to.';
create unique index alerts_alert_idx on app.alerts (account_id, token_id, alert_id);
create index alerts_newest_idx on app.alerts (account_id, received_at desc, id desc);
alter table app.alerts enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column token_id set statistics 0,
  alter column alert_id set statistics 0, alter column source set statistics 0, alter column request set statistics 0,
  alter column job_id set statistics 0, alter column message set statistics 0;
create policy app_reads on app.alerts for select to paddock_app using (account_id = (select private.account_id('read')));
create policy app_inserts on app.alerts for insert to paddock_app
  with check (account_id = (select private.account_id('trade')) and token_id = (select private.token_id()));
grant select, insert (account_id, id, token_id, alert_id, source, sent_at, request, job_id, code, message) on app.alerts to paddock_app;

-- Block orders: one order that is divided among several accounts. Which accounts a user may
-- use is looked up as the admission does, so that no runtime role reads these tables.
create table private.block_orders (
  id uuid primary key,
  user_id text not null references auth."user" (id) on delete cascade,
  token_id uuid,   -- the API token that asked; null for a session
  sender text not null generated always as (case when token_id is null then 'session' else token_id::text end) stored,
  idempotency_key text not null check (char_length(idempotency_key) between 1 and 255),
  request jsonb not null check (jsonb_typeof(request->'accounts') = 'array'),
  request_hash bytea not null check (octet_length(request_hash) = 32),
  made_at timestamptz not null default clock_timestamp(),
  unique (user_id, sender, idempotency_key),
  constraint block_orders_bounded check (app.json_size(request) <= 262144)
);
comment on table private.block_orders is 'Orders that were divided among several accounts, as they were asked for.';
create index block_orders_newest_idx on private.block_orders (user_id, made_at desc, id desc);
alter table private.block_orders enable row level security, force row level security;
create policy gate_all on private.block_orders to paddock_gate using (true) with check (true);
grant select, insert (id, user_id, token_id, idempotency_key, request, request_hash) on private.block_orders to paddock_gate;

create table private.block_order_parts (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  block_order_id uuid not null references private.block_orders (id) on delete cascade,
  place bigint not null,                    -- in the request
  sleeve_id uuid,
  weight numeric,                           -- that it was given; null where equity decides
  equity numeric,                           -- by which it was divided
  amount numeric not null,
  in_dollars boolean not null,              -- or else it is a quantity
  job_id uuid,                              -- that asks for its order, and the order's id
  state text check (state in ('done', 'failed', 'canceled')),  -- of its job, once that has ended
  status integer,
  refusal jsonb,
  primary key (account_id, block_order_id),
  unique (account_id, job_id),
  check ((amount = 0) = (job_id is null)),
  constraint block_order_parts_bounded check (app.are_amounts(array[weight, equity, amount]) and amount >= 0 and app.json_size(refusal) <= 1048576)
);
comment on table private.block_order_parts is 'What each account got of a block order, and what became of it.';
create index block_order_parts_block_idx on private.block_order_parts (block_order_id);
alter table private.block_order_parts enable row level security, force row level security,
  alter column account_id set statistics 0, alter column block_order_id set statistics 0, alter column sleeve_id set statistics 0,
  alter column weight set statistics 0, alter column equity set statistics 0, alter column amount set statistics 0,
  alter column job_id set statistics 0, alter column refusal set statistics 0;
create policy gate_all on private.block_order_parts to paddock_gate using (true) with check (true);
grant select, insert (account_id, block_order_id, place, sleeve_id, weight, equity, amount, in_dollars, job_id), update (state, status, refusal)
  on private.block_order_parts to paddock_gate;
grant insert (account_id, id, kind, request, request_hash) on app.jobs to paddock_gate;

{{ template "func/014/job_json.sql" . }}
{{ template "func/014/allocate.sql" . }}
grant execute on function app.job_json to paddock_app, paddock_gate;
grant execute on function app.allocate, app.asset_class to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/014/wake_jobs.sql" . }}
{{ template "func/014/accept_job.sql" . }}
{{ template "func/014/end_job.sql" . }}
{{ template "func/014/begin_job.sql" . }}
{{ template "func/014/renew_job_claims.sql" . }}
{{ template "func/014/is_claimed.sql" . }}
{{ template "func/014/finish_job.sql" . }}
{{ template "func/014/postpone_job.sql" . }}
{{ template "func/014/admit_job.sql" . }}
{{ template "func/014/check_job_order.sql" . }}
{{ template "func/014/cancel_waiting_jobs.sql" . }}
{{ template "func/014/cancel_jobs.sql" . }}
{{ template "func/014/cancel_stopped_jobs.sql" . }}
{{ template "func/014/refuse_waiting_job.sql" . }}
{{ template "func/014/look_again.sql" . }}
{{ template "func/014/wake_waiting_jobs.sql" . }}
{{ template "func/014/job_counts.sql" . }}
{{ template "func/014/count_alert.sql" . }}
{{ template "func/014/enter_account.sql" . }}
{{ template "func/014/require_block_accounts.sql" . }}
{{ template "func/014/block_part_json.sql" . }}
{{ template "func/014/split_block_order.sql" . }}
{{ template "func/014/block_order_json.sql" . }}
{{ template "func/014/preview_block_order.sql" . }}
{{ template "func/014/find_block_order.sql" . }}
{{ template "func/014/make_block_order.sql" . }}
{{ template "func/014/read_block_order.sql" . }}
{{ template "func/014/list_block_orders.sql" . }}
{{ template "func/014/check_block_total.sql" . }}
{{ template "func/014/end_block_part.sql" . }}
grant execute on function private.preview_block_order, private.find_block_order, private.make_block_order, private.read_block_order,
  private.list_block_orders to paddock_app;
comment on function private.make_block_order is 'Divides an order among several accounts of the admitted user, and asks for one order on each.';
comment on function private.preview_block_order is 'How a block order would be divided now.';
comment on function private.find_block_order is 'The block order that whoever is admitted has made under a key.';
comment on function private.read_block_order is 'One of the admitted user''s block orders, with what became of each part.';
comment on function private.list_block_orders is 'The admitted user''s block orders, newest first.';
grant execute on function private.check_block_total, private.end_block_part to paddock_owner;
grant execute on function private.count_alert, private.accept_job, private.check_job_order, private.cancel_stopped_jobs, private.refuse_waiting_job to paddock_owner;
grant execute on function private.admit_job, private.cancel_jobs to paddock_app;
grant execute on function private.begin_job, private.renew_job_claims, private.finish_job, private.postpone_job, private.look_again, private.wake_waiting_jobs,
  private.job_counts to paddock_worker;
comment on function private.admit_job is 'Admits this transaction as the user who asked for a job, for the time in which its ticket holds.';
comment on function private.begin_job is 'Begins the next job of a list, and returns the ticket for it.';
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
create trigger count_alert before insert on app.alerts for each row execute function private.count_alert();
create trigger accept_job before insert on app.jobs for each row execute function private.accept_job();
create trigger check_block_total after insert on private.block_order_parts referencing new table as made
  for each statement execute function private.check_block_total();
create trigger end_block_part after update of state on app.jobs
  for each row when (old.ended_at is null and new.ended_at is not null) execute function private.end_block_part();
-- It locks the log, as guard_new does after it.
create trigger check_job_order before insert on app.alpaca_orders
  for each row when (new.intent_state = 'submitting') execute function private.check_job_order();
create trigger refuse_waiting_job after insert or update on app.refused_requests
  for each row execute function private.refuse_waiting_job();
create trigger cancel_stopped_jobs after insert or update of switch on app.account_guards
  for each row when (new.switch = 'halted') execute function private.cancel_stopped_jobs();
create trigger cancel_stopped_jobs after insert on app.wind_downs
  for each row when (new.cancel_orders) execute function private.cancel_stopped_jobs();
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger cancel_stopped_jobs on app.wind_downs;
drop trigger cancel_stopped_jobs on app.account_guards;
drop trigger refuse_waiting_job on app.refused_requests;
drop trigger check_job_order on app.alpaca_orders;
drop trigger end_block_part on app.jobs;
drop trigger check_block_total on private.block_order_parts;
drop trigger accept_job on app.jobs;
drop trigger count_alert on app.alerts;
reset role;
set local role paddock_gate;
drop function private.end_block_part, private.check_block_total, private.list_block_orders, private.read_block_order, private.make_block_order,
  private.find_block_order, private.preview_block_order, private.block_order_json, private.split_block_order, private.block_part_json, private.require_block_accounts, private.enter_account,
  private.count_alert, private.job_counts, private.wake_waiting_jobs, private.look_again, private.refuse_waiting_job, private.cancel_stopped_jobs,
  private.cancel_jobs, private.cancel_waiting_jobs, private.check_job_order, private.admit_job, private.postpone_job, private.finish_job, private.is_claimed,
  private.renew_job_claims, private.begin_job, private.end_job, private.accept_job, private.wake_jobs;
reset role;
set local role paddock_owner;
drop function app.allocate, app.job_json;
revoke execute on function app.asset_class from paddock_gate;
drop table private.block_order_parts, private.block_orders, app.alerts, private.job_retention, private.job_lists, app.jobs, jobs.river_notification, jobs.river_queue, jobs.river_leader, jobs.river_job;
drop function jobs.river_job_state_in_bitmask;
drop type jobs.river_job_state;
reset role;
drop schema jobs;
