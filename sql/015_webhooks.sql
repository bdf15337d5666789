-- Webhooks: an account's events, sent to a URL of its owner's. They are sent in their
-- order, each again until it is taken, by whichever instance has claimed the webhook.
-- The secrets with which they are signed are encrypted as API keys are.

set local role paddock_owner;

create table app.webhooks (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  url text not null check (url ~ '^https?://' and char_length(url) <= 2000),
  kinds text[] check (kinds <@ array['order', 'position', 'agent_log', 'account', 'credentials', 'guard', 'journal', 'job', 'webhook'] and cardinality(kinds) >= 1), -- null: all
  made_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  -- off: nothing is sent until somebody switches it on again.
  state text not null default 'on' check (state in ('on', 'off')),
  off_reason text check (off_reason in ('asked', 'failing', 'no_access')),
  last_seq bigint not null,              -- the newest event that was taken, or passed over
  tries integer not null default 0,      -- how often in a row the next one was not taken
  failing_since timestamptz,
  due_at timestamptz not null default clock_timestamp(),
  delivered_at timestamptz,              -- when an event was taken last
  last_status integer,
  last_error text check (char_length(last_error) <= 200),
  -- Who sends at the moment, until when unless that is renewed.
  holder uuid,
  live_until timestamptz,
  primary key (account_id, id),
  check ((state = 'off') = (off_reason is not null)),
  check ((tries = 0) = (failing_since is null)),
  check ((holder is null) = (live_until is null))
);
comment on table app.webhooks is 'Where an account''s events are sent to, and how far.';
create index webhooks_on_idx on app.webhooks (account_id, id) where state = 'on';
alter table app.webhooks enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column url set statistics 0, alter column kinds set statistics 0,
  alter column made_by set statistics 0, alter column last_seq set statistics 0, alter column last_error set statistics 0;
-- A URL may hold what lets its holder post there, so that only who manages the account sees it.
create policy app_reads on app.webhooks for select to paddock_app using (account_id = (select private.account_id('manage')));
create policy app_deletes on app.webhooks for delete to paddock_app using (account_id = (select private.account_id('manage')));
grant select (account_id, id, url, kinds, made_by, created_at, state, off_reason, last_seq, tries, failing_since, due_at, delivered_at, last_status, last_error),
  delete on app.webhooks to paddock_app;
create policy gate_all on app.webhooks to paddock_gate using (true) with check (true);
grant select, insert (account_id, id, url, kinds, made_by, last_seq),
  update (state, off_reason, last_seq, tries, failing_since, due_at, delivered_at, last_status, last_error, holder, live_until)
  on app.webhooks to paddock_gate;

create table private.webhook_secrets (
  account_id uuid not null,
  webhook_id uuid not null,
  ciphertext bytea not null,
  key_version integer not null,
  primary key (account_id, webhook_id),
  foreign key (account_id, webhook_id) references app.webhooks (account_id, id) on delete cascade
);
comment on table private.webhook_secrets is 'The secrets with which webhooks are signed, encrypted.';
create index webhook_secrets_key_version_idx on private.webhook_secrets (account_id, key_version);
alter table private.webhook_secrets enable row level security, force row level security;
create policy gate_all on private.webhook_secrets to paddock_gate using (true) with check (true);
grant select, insert, update (ciphertext, key_version) on private.webhook_secrets to paddock_gate;

reset role;

-- The looks at webhooks are rows of River's, as those at jobs are.
set local role paddock_owner;
alter policy gate_wakes on jobs.river_job using (kind in ('jobs', 'webhook')) with check (kind in ('jobs', 'webhook'));
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/015/make_webhook.sql" . }}
{{ template "func/015/switch_webhook.sql" . }}
{{ template "func/015/turn_webhook_off.sql" . }}
{{ template "func/015/record_webhook_change.sql" . }}
{{ template "func/015/wake_webhooks.sql" . }}
{{ template "func/015/begin_delivery.sql" . }}
{{ template "func/015/read_delivery.sql" . }}
{{ template "func/015/end_delivery.sql" . }}
{{ template "func/015/webhook_counts.sql" . }}
{{ template "func/015/webhook_secrets_to_rotate.sql" . }}
{{ template "func/015/open_webhook_secrets_to_rotate.sql" . }}
{{ template "func/015/rotate_webhook_secrets.sql" . }}
grant execute on function private.make_webhook, private.switch_webhook to paddock_app;
grant execute on function private.record_webhook_change to paddock_owner;
grant execute on function private.wake_webhooks, private.begin_delivery, private.read_delivery, private.end_delivery, private.webhook_counts,
  private.webhook_secrets_to_rotate, private.open_webhook_secrets_to_rotate, private.rotate_webhook_secrets to paddock_worker;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
create trigger hold_key_version before insert or update of key_version on private.webhook_secrets
  for each row execute function private.hold_key_version();
create trigger record_webhook_change after insert or delete on app.webhooks
  for each row execute function private.record_webhook_change();
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger record_webhook_change on app.webhooks;
drop trigger hold_key_version on private.webhook_secrets;
delete from jobs.river_job where kind = 'webhook';
alter policy gate_wakes on jobs.river_job using (kind = 'jobs') with check (kind = 'jobs');
reset role;
set local role paddock_gate;
drop function private.webhook_counts, private.rotate_webhook_secrets, private.open_webhook_secrets_to_rotate, private.webhook_secrets_to_rotate,
  private.end_delivery, private.read_delivery, private.begin_delivery, private.wake_webhooks, private.record_webhook_change,
  private.turn_webhook_off, private.switch_webhook, private.make_webhook;
reset role;
set local role paddock_owner;
drop table private.webhook_secrets, app.webhooks;
reset role;
