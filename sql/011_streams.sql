-- Which instance of the server holds which account's stream, under leases, and
-- reconciliation on demand.

set local role paddock_owner;

-- fence grows each time a lease changes hands. admit_worker checks it, so a holder
-- that has lost its lease can write nothing more. Leases are renewed every few
-- seconds; the fillfactor leaves room for a row's next version on its page.
create table app.stream_leases (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  holder uuid not null,
  fence bigint not null default 1,
  expires_at timestamptz not null
) with (fillfactor = 50);
comment on table app.stream_leases is 'Which instance of the server holds which account''s stream, and until when.';
alter table app.stream_leases enable row level security, force row level security;
create policy gate_all on app.stream_leases to paddock_gate using (true) with check (true);
grant select, insert, update (holder, fence, expires_at), delete on app.stream_leases to paddock_gate;

create table private.stream_instances (
  holder uuid primary key,
  live_until timestamptz not null,          -- taken for dead then, unless it calls again
  most integer not null check (most >= 0)   -- how many accounts it can stream
);
comment on table private.stream_instances is 'The live instances of the server, among which the accounts'' streams are divided.';
alter table private.stream_instances enable row level security, force row level security;
create policy gate_all on private.stream_instances to paddock_gate using (true) with check (true);
grant select, insert, update (live_until, most), delete on private.stream_instances to paddock_gate;

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

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/011/admit_worker.sql" . }}
{{ template "func/011/lease_share.sql" . }}
{{ template "func/011/claim_leases.sql" . }}
{{ template "func/011/release_leases.sql" . }}
{{ template "func/011/running_wind_downs.sql" . }}
{{ template "func/011/deployment_state.sql" . }}
grant execute on function private.admit_worker, private.claim_leases, private.release_leases,
  private.running_wind_downs, private.deployment_state to paddock_worker;
comment on function private.admit_worker is 'Admits this transaction as the worker of an account, if its instance holds the account''s lease.';
comment on function private.deployment_state is 'Counts by which an operator sees whether the deployment works.';
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

set local role paddock_gate;
drop function private.deployment_state, private.running_wind_downs, private.release_leases, private.claim_leases, private.lease_share,
  private.admit_worker;
reset role;
set local role paddock_owner;
drop table app.syncs, private.stream_instances, app.stream_leases;
reset role;
