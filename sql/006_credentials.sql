-- API keys, encrypted by pgcrypto inside definer functions. The key of each
-- row is derived by the application from its master key and the account's id
-- and is never stored: a dump of this database opens nothing.

set local role paddock_owner;

create table private.user_credentials (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  kind text not null check (kind in ('key', 'oauth')),
  ciphertext bytea not null,
  encryption_algorithm text not null,
  key_version integer not null check (key_version > 0),
  -- Shown to people, so that they can tell which key is connected.
  key_last4 text not null check (char_length(key_last4) <= 4),
  last_decrypted_at timestamptz,
  -- When the broker refused these keys; null while they work.
  rejected_at timestamptz,
  -- Grows with each replacement: streams start again when it does.
  generation bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
alter table private.user_credentials enable row level security, force row level security;
create policy gate_all on private.user_credentials to paddock_gate using (true) with check (true);
grant select, insert, update, delete on private.user_credentials to paddock_gate;

-- What the stream of an account has applied, and when its data last agreed
-- with the broker's REST answers: "connected" is no health, agreement is.
create table app.stream_cursors (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  last_event_id text,
  agreed_at timestamptz,
  updated_at timestamptz not null default now()
);
alter table app.stream_cursors alter column account_id set statistics 0, alter column last_event_id set statistics 0;
alter table app.stream_cursors enable row level security, force row level security;
create policy gate_reads on app.stream_cursors for select to paddock_gate using (true);
grant select on app.stream_cursors to paddock_gate;
create policy app_reads on app.stream_cursors for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.stream_cursors to paddock_app;
create policy worker_all on app.stream_cursors to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select, insert, update on app.stream_cursors to paddock_worker;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/store_credentials.sql" . }}
{{ template "func/read_credentials.sql" . }}
{{ template "func/old/delete_credentials_1.sql" . }}
{{ template "func/credentials_rejected.sql" . }}
{{ template "func/credentials_metadata.sql" . }}
{{ template "func/accounts_with_credentials.sql" . }}
{{ template "func/old/claim_leases_1.sql" . }}
{{ template "func/old/release_leases_1.sql" . }}
grant execute on function private.store_credentials(text, integer, text, text, text, uuid, text) to paddock_app;
grant execute on function private.read_credentials(integer[], text[]) to paddock_app, paddock_worker;
grant execute on function private.delete_credentials() to paddock_app;
grant execute on function private.credentials_rejected(bigint) to paddock_app, paddock_worker;
grant execute on function private.credentials_metadata() to paddock_app;
grant execute on function private.accounts_with_credentials() to paddock_app;
grant execute on function private.claim_leases(uuid, interval, integer) to paddock_worker;
grant execute on function private.release_leases(uuid) to paddock_worker;
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

set local role paddock_gate;
drop function private.release_leases(uuid);
drop function private.claim_leases(uuid, interval, integer);
drop function private.accounts_with_credentials();
drop function private.credentials_metadata();
drop function private.credentials_rejected(bigint);
drop function private.delete_credentials();
drop function private.read_credentials(integer[], text[]);
drop function private.store_credentials(text, integer, text, text, text, uuid, text);
reset role;
set local role paddock_owner;
drop table app.stream_cursors, private.user_credentials;
reset role;
