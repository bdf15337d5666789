-- How an account's stream is read and what it does, the mirror's freshness, and
-- reconciliation on demand.

set local role paddock_owner;

alter table app.user_accounts
  -- How trade updates are read: auto tries Server-Sent Events and falls back
  -- to the WebSocket; off holds no stream, and leaves it to reconciliation.
  add column stream_mode text not null default 'auto' check (stream_mode in ('auto', 'sse', 'ws', 'off'));
grant update (stream_mode) on app.user_accounts to paddock_app;

-- What the stream does now, as far as its holder could say.
alter table app.stream_cursors
  add column streaming text check (streaming in ('sse', 'ws')),  -- null: no stream is up
  -- Since when it has told everything: it came up then, or last said that it
  -- had left something out.
  add column unbroken_since timestamptz,
  add column note text check (char_length(note) <= 500),        -- why it is not the kind that was asked for
  add column last_error text check (char_length(last_error) <= 500),
  add column last_error_at timestamptz,
  add check ((streaming is null) = (unbroken_since is null));

-- Whether an order may still change by itself. An intent whose answer is
-- missing may.
alter table app.alpaca_orders add column is_open boolean not null generated always as (
  status not in ('filled', 'canceled', 'expired', 'rejected', 'replaced', 'done_for_day', 'unknown')) stored;
drop index app.alpaca_orders_open_idx;
create index alpaca_orders_open_idx on app.alpaca_orders (account_id, created_at desc, id desc) where is_open;
-- Leases tell which accounts have an open order that has been silent.
grant select (is_open, alpaca_order_id, updated_at) on app.alpaca_orders to paddock_gate;

-- Who waits for a reconciliation, and what the last one found. The stream's
-- holder makes it, under its lease, and answers here.
create table app.syncs (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  asked bigint not null default 1,     -- counts the requests
  asked_at timestamptz not null default clock_timestamp(),
  asked_by text not null,
  answered bigint not null default 0,  -- the newest that has its answer
  answered_at timestamptz,
  answer jsonb,
  check ((answered_at is null) = (answer is null))
);
alter table app.syncs
  alter column account_id set statistics 0, alter column asked_by set statistics 0, alter column answer set statistics 0;
alter table app.syncs enable row level security, force row level security;
create policy gate_reads on app.syncs for select to paddock_gate using (true);
grant select (account_id, asked, asked_at, answered) on app.syncs to paddock_gate;
create policy app_reads on app.syncs for select to paddock_app
  using (account_id = (select private.account_id('read')));
-- Reconciling spends the account's requests at the broker: that takes a role
-- that may also cancel, on a paused account too.
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

{{ template "func/old/is_fresh_1.sql" . }}
{{ template "func/orders_matching.sql" . }}
{{ template "func/order_trees.sql" . }}
{{ template "func/order_legs.sql" . }}
{{ template "func/old/orders_as_told_1.sql" . }}
{{ template "func/orders_at_broker.sql" . }}
{{ template "func/old/reconcile_order_1.sql" . }}
grant execute on function app.is_fresh(timestamptz, timestamptz, interval) to paddock_app;
grant execute on function app.orders_matching(uuid, timestamptz, timestamptz, text[], text, text[]) to paddock_app;
grant execute on function app.order_trees(uuid, timestamptz, timestamptz, text[], text, text[], boolean) to paddock_app;
grant execute on function app.order_legs(uuid, uuid) to paddock_app;
grant execute on function app.orders_as_told(uuid, jsonb, uuid) to paddock_app;
grant execute on function app.orders_at_broker(uuid, jsonb, timestamptz, timestamptz, text[], text, text[], boolean) to paddock_app;
grant execute on function app.reconcile_order(uuid, jsonb, text) to paddock_worker;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.claim_leases(uuid, interval, integer);
{{ template "func/old/claim_leases_2.sql" . }}
grant execute on function private.claim_leases(uuid, interval, integer) to paddock_worker;
{{ template "func/account_changed.sql" . }}
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/old/account_changed_1.sql" . }}
drop function private.claim_leases(uuid, interval, integer);
{{ template "func/old/claim_leases_1.sql" . }}
grant execute on function private.claim_leases(uuid, interval, integer) to paddock_worker;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
drop function app.reconcile_order(uuid, jsonb, text);
drop function app.orders_at_broker(uuid, jsonb, timestamptz, timestamptz, text[], text, text[], boolean);
drop function app.orders_as_told(uuid, jsonb, uuid);
drop function app.order_legs(uuid, uuid);
drop function app.order_trees(uuid, timestamptz, timestamptz, text[], text, text[], boolean);
drop function app.orders_matching(uuid, timestamptz, timestamptz, text[], text, text[]);
drop function app.is_fresh(timestamptz, timestamptz, interval);
drop table app.syncs;
revoke select (alpaca_order_id, updated_at) on app.alpaca_orders from paddock_gate;
drop index app.alpaca_orders_open_idx;
alter table app.alpaca_orders drop column is_open;
create index alpaca_orders_open_idx on app.alpaca_orders (account_id, created_at desc, id desc)
  where status not in ('filled', 'canceled', 'expired', 'rejected', 'replaced', 'done_for_day', 'unknown');
alter table app.stream_cursors drop column streaming, drop column unbroken_since, drop column note, drop column last_error,
  drop column last_error_at;
alter table app.user_accounts drop column stream_mode;
reset role;
