-- Where an account's events are sent to. A webhook gets each of them, for programs; a
-- notice tells its owner of some in plain words, by mail or in a chat. They are sent in
-- their order, each again until it is taken, by whichever instance has claimed the
-- destination. Its secret is encrypted as API keys are.

set local role paddock_owner;

{{ template "func/015/local_time.sql" . }}
{{ template "func/015/instant.sql" . }}
{{ template "func/015/is_quiet.sql" . }}
{{ template "func/015/quiet_ends.sql" . }}
{{ template "func/015/summary_day.sql" . }}
{{ template "func/015/event_topic.sql" . }}
{{ template "func/015/is_urgent.sql" . }}
grant execute on function app.local_time, app.instant, app.is_quiet, app.summary_day, app.event_topic, app.is_urgent to paddock_gate;
grant execute on function app.local_time, app.instant, app.is_quiet, app.quiet_ends to paddock_app;
comment on function app.event_topic is 'Of what an event tells: one of the topics of notices.';
comment on function app.is_urgent is 'Whether somebody has to act on an event soon.';

create table app.destinations (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  -- webhook, or a notice by one of the others.
  type text not null check (type in ('webhook', 'email', 'telegram', 'discord')),
  -- A webhook's URL, Telegram's chat, or the id of Discord's webhook. Mail has none: it
  -- goes to the address that its user has verified by then.
  address text,
  kinds text[] check (kinds <@ array['order', 'position', 'agent_log', 'account', 'credentials', 'guard', 'journal', 'job', 'webhook', 'notice',
    'history', 'approval', 'limit', 'stream', 'summary'] and cardinality(kinds) >= 1), -- of a webhook; null: all
  topics text[] check (topics <@ array['fills', 'refusals', 'orders', 'approvals', 'credentials', 'stream', 'limits', 'switch', 'positions', 'agents', 'account']
    and cardinality(topics) >= 1),                                                     -- of a notice
  -- Between these, each day in the time zone, only what is urgent is sent, and not even that
  -- where urgent is false. What else comes waits.
  time_zone text not null default 'UTC' check (time_zone ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$' and char_length(time_zone) <= 64),
  quiet_from time(0),
  quiet_until time(0),
  urgent boolean not null default true,
  -- When the day's summary is sent, and since when that is so.
  summary_at time(0),
  summary_since timestamptz not null default clock_timestamp(),
  made_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  -- off: nothing is sent until somebody switches it on again.
  state text not null default 'on' check (state in ('on', 'off')),
  off_reason text check (off_reason in ('asked', 'failing', 'no_access')),
  last_seq bigint not null,               -- the newest event that was taken, or passed over
  urgent_seq bigint not null default 0,   -- the newest of which what is urgent was taken apart, in quiet hours
  gathered boolean not null default false, -- what comes close together was waited for, so that it is one mail
  tries integer not null default 0,       -- how often in a row the next one was not taken
  failing_since timestamptz,
  due_at timestamptz not null default clock_timestamp(),
  delivered_at timestamptz,               -- when an event was taken last
  last_status integer,
  last_error text check (char_length(last_error) <= 200),
  -- Who sends at the moment, until when unless that is renewed.
  holder uuid,
  live_until timestamptz,
  primary key (account_id, id),
  check (case type
    when 'webhook' then address ~ '^https?://' and char_length(address) <= 2000
    when 'telegram' then address ~ '^(-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,31})$'
    when 'discord' then address ~ '^[0-9]{5,25}$'
    else address is null end),
  check ((type = 'webhook') = (topics is null)),
  check (type = 'webhook' or kinds is null),
  check (type <> 'webhook' or quiet_from is null and summary_at is null),
  check ((quiet_from is null) = (quiet_until is null) and quiet_from <> quiet_until),
  check ((state = 'off') = (off_reason is not null)),
  check ((tries = 0) = (failing_since is null)),
  check ((holder is null) = (live_until is null))
);
comment on table app.destinations is 'Where an account''s events are sent to, and how far: webhooks and notices.';
create index destinations_on_idx on app.destinations (account_id, id) where state = 'on';
create index destinations_summary_idx on app.destinations (account_id, id) where state = 'on' and summary_at is not null;
alter table app.destinations enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column address set statistics 0, alter column kinds set statistics 0,
  alter column topics set statistics 0, alter column time_zone set statistics 0, alter column quiet_from set statistics 0, alter column quiet_until set statistics 0,
  alter column summary_at set statistics 0, alter column made_by set statistics 0, alter column last_seq set statistics 0, alter column urgent_seq set statistics 0,
  alter column last_error set statistics 0;
-- A URL may hold what lets its holder post there, so that only who manages the account sees it.
create policy app_reads on app.destinations for select to paddock_app using (account_id = (select private.account_id('manage')));
create policy app_deletes on app.destinations for delete to paddock_app using (account_id = (select private.account_id('manage')));
grant select (account_id, id, type, address, kinds, topics, time_zone, quiet_from, quiet_until, urgent, summary_at, made_by, created_at, state, off_reason,
    last_seq, tries, failing_since, due_at, delivered_at, last_status, last_error),
  delete on app.destinations to paddock_app;
create policy gate_all on app.destinations to paddock_gate using (true) with check (true);
grant select, insert (account_id, id, type, address, kinds, topics, time_zone, quiet_from, quiet_until, urgent, summary_at, made_by, last_seq),
  update (topics, time_zone, quiet_from, quiet_until, urgent, summary_at, summary_since, state, off_reason, last_seq, urgent_seq, gathered, tries, failing_since,
    due_at, delivered_at, last_status, last_error, holder, live_until)
  on app.destinations to paddock_gate;

create table private.destination_secrets (
  account_id uuid not null,
  destination_id uuid not null,
  ciphertext bytea not null,
  key_version integer not null,
  primary key (account_id, destination_id),
  foreign key (account_id, destination_id) references app.destinations (account_id, id) on delete cascade
);
comment on table private.destination_secrets is 'The secrets with which webhooks are signed, and with which notices are posted, encrypted.';
create index destination_secrets_key_version_idx on private.destination_secrets (account_id, key_version);
alter table private.destination_secrets enable row level security, force row level security;
create policy gate_all on private.destination_secrets to paddock_gate using (true) with check (true);
grant select, insert, update (ciphertext, key_version) on private.destination_secrets to paddock_gate;

-- Which summaries were written, of which days. The key is what makes it one a day,
-- however many instances there are.
create table private.daily_summaries (
  account_id uuid not null,
  destination_id uuid not null,
  day date not null,
  seq bigint not null,  -- of its event
  primary key (account_id, destination_id, day),
  foreign key (account_id, destination_id) references app.destinations (account_id, id) on delete cascade
);
comment on table private.daily_summaries is 'Of which days each notice has its summary.';
alter table private.daily_summaries enable row level security, force row level security;
create policy gate_all on private.daily_summaries to paddock_gate using (true) with check (true);
grant select, insert, delete on private.daily_summaries to paddock_gate;

-- For summaries.
grant select (realized_pl, fees) on app.trading_positions to paddock_gate;

reset role;

-- The looks at destinations are rows of River's, as those at jobs are.
set local role paddock_owner;
alter policy gate_wakes on jobs.river_job using (kind in ('jobs', 'destination')) with check (kind in ('jobs', 'destination'));
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/015/check_destination.sql" . }}
{{ template "func/015/make_destination.sql" . }}
{{ template "func/015/change_destination.sql" . }}
{{ template "func/015/turn_destination_off.sql" . }}
{{ template "func/015/record_destination_change.sql" . }}
{{ template "func/015/wake_destinations.sql" . }}
{{ template "func/015/begin_delivery.sql" . }}
{{ template "func/015/read_delivery.sql" . }}
{{ template "func/015/end_delivery.sql" . }}
{{ template "func/015/summary_json.sql" . }}
{{ template "func/015/write_summary.sql" . }}
{{ template "func/015/destination_counts.sql" . }}
{{ template "func/015/destination_secrets_to_rotate.sql" . }}
{{ template "func/015/open_destination_secrets_to_rotate.sql" . }}
{{ template "func/015/rotate_destination_secrets.sql" . }}
grant execute on function private.make_destination, private.change_destination to paddock_app;
grant execute on function private.record_destination_change to paddock_owner;
grant execute on function private.wake_destinations, private.begin_delivery, private.read_delivery, private.end_delivery, private.write_summary,
  private.destination_counts, private.destination_secrets_to_rotate, private.open_destination_secrets_to_rotate, private.rotate_destination_secrets to paddock_worker;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
create trigger hold_key_version before insert or update of key_version on private.destination_secrets
  for each row execute function private.hold_key_version();
create trigger record_destination_change after insert or delete on app.destinations
  for each row execute function private.record_destination_change();
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger record_destination_change on app.destinations;
drop trigger hold_key_version on private.destination_secrets;
delete from jobs.river_job where kind = 'destination';
alter policy gate_wakes on jobs.river_job using (kind = 'jobs') with check (kind = 'jobs');
reset role;
set local role paddock_gate;
drop function private.rotate_destination_secrets, private.open_destination_secrets_to_rotate, private.destination_secrets_to_rotate,
  private.destination_counts, private.write_summary, private.summary_json, private.end_delivery, private.read_delivery, private.begin_delivery,
  private.wake_destinations, private.record_destination_change, private.turn_destination_off, private.change_destination, private.make_destination,
  private.check_destination;
reset role;
set local role paddock_owner;
revoke select (realized_pl, fees) on app.trading_positions from paddock_gate;
drop table private.daily_summaries, private.destination_secrets, app.destinations;
drop function app.is_urgent, app.event_topic, app.summary_day, app.quiet_ends, app.is_quiet, app.instant, app.local_time;
reset role;
