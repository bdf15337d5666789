-- API keys, encrypted twice: by the server, with a key that it tells nobody, and
-- by pgcrypto inside definer functions, with another that it passes. It derives
-- both from its master key and the account's id. Nothing can be decrypted with a
-- dump of this database alone, nor with what Postgres logs of its statements.

set local role paddock_owner;

create table private.user_credentials (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  kind text not null check (kind in ('key', 'oauth')),
  -- An OpenPGP message. It begins with a packet of tag 3 (RFC 4880, 5.3), whose
  -- fourth byte names the cipher: 9 is AES-256. pgcrypto's default is AES-128.
  ciphertext bytea not null check (substr(ciphertext, 1, 4) = '\xc30d0409'),
  encryption_algorithm text not null,
  key_version integer not null check (key_version > 0),
  -- Shown to users, so that they can tell which key is connected.
  key_last4 text not null check (char_length(key_last4) <= 4),
  last_decrypted_at timestamptz,
  -- When the broker refused these keys. Null while they work.
  rejected_at timestamptz,
  -- Grows each time the keys are replaced, and streams then start again.
  generation bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table private.user_credentials is 'The API keys of each account, encrypted with keys that are not in the database.';
alter table private.user_credentials enable row level security, force row level security;
create policy gate_all on private.user_credentials to paddock_gate using (true) with check (true);
grant select, insert, delete,
  update (kind, ciphertext, encryption_algorithm, key_version, key_last4, last_decrypted_at, rejected_at, generation, updated_at)
  on private.user_credentials to paddock_gate;

create table private.master_keys (
  key_version integer primary key check (key_version > 0),
  check_value bytea not null check (octet_length(check_value) = 32),
  -- Credentials are stored under one version alone. Only a rotation changes which.
  stores boolean not null default false,
  -- From then on nothing is stored under the version again.
  retired_at timestamptz check (retired_at is null or not stores),
  created_at timestamptz not null default now()
);
create unique index master_keys_stores_idx on private.master_keys (stores) where stores;
comment on table private.master_keys is 'The versions of the master key: a check value of each, by which a wrong key is known before anything is encrypted with it, which one stores, and which are retired.';
alter table private.master_keys enable row level security, force row level security;
create policy gate_all on private.master_keys to paddock_gate using (true) with check (true);
grant select, insert, update (stores, retired_at) on private.master_keys to paddock_gate;

create table private.instance_keyrings (
  holder uuid primary key,
  versions integer[] not null,
  live_until timestamptz not null -- taken for dead then, unless it calls again
);
comment on table private.instance_keyrings is 'Which versions of the master key each running instance of the server has.';
alter table private.instance_keyrings enable row level security, force row level security;
create policy gate_all on private.instance_keyrings to paddock_gate using (true) with check (true);
grant select, insert, update (versions, live_until), delete on private.instance_keyrings to paddock_gate;

-- How often each user has had keys checked at the broker: in the minute and in
-- the day that began then. Refused keys count more (private.count_key_check).
create table private.key_checks (
  user_id text primary key references auth."user" (id) on delete cascade,
  minute_from timestamptz not null default clock_timestamp(),
  in_minute integer not null default 0,
  day_from timestamptz not null default clock_timestamp(),
  in_day integer not null default 0
);
comment on table private.key_checks is 'How often each user has had API keys checked at the broker lately.';
alter table private.key_checks enable row level security, force row level security;
create policy gate_all on private.key_checks to paddock_gate using (true) with check (true);
grant select, insert, update (minute_from, in_minute, day_from, in_day), delete on private.key_checks to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/010/check_master_key.sql" . }}
{{ template "func/010/master_key_versions.sql" . }}
{{ template "func/010/storing_key_version.sql" . }}
{{ template "func/010/hold_key_version.sql" . }}
{{ template "func/010/announce_keyring.sql" . }}
{{ template "func/010/live_keyrings.sql" . }}
{{ template "func/010/set_storing_key_version.sql" . }}
{{ template "func/010/retire_master_key.sql" . }}
{{ template "func/010/count_key_check.sql" . }}
{{ template "func/010/encrypt_outer.sql" . }}
{{ template "func/010/store_credentials.sql" . }}
{{ template "func/010/read_credentials.sql" . }}
{{ template "func/010/require_keys.sql" . }}
{{ template "func/010/credentials_to_rotate.sql" . }}
{{ template "func/010/open_credentials_to_rotate.sql" . }}
{{ template "func/010/rotate_credentials.sql" . }}
{{ template "func/010/mark_credentials_rejected.sql" . }}
{{ template "func/010/credentials_metadata.sql" . }}
{{ template "func/010/has_working_keys.sql" . }}
{{ template "func/010/accounts_with_credentials.sql" . }}
-- To delete an account or its keys is to decide what becomes of its open orders.
{{ template "func/010/orders_blocking_deletion.sql" . }}
{{ template "func/010/delete_credentials.sql" . }}
{{ template "func/010/delete_account.sql" . }}
{{ template "func/010/delete_user.sql" . }}
{{ template "func/010/delete_signed_in_user.sql" . }}
{{ template "func/010/apply_key_change.sql" . }}
grant execute on function private.count_key_check, private.store_credentials, private.credentials_metadata, private.has_working_keys,
  private.accounts_with_credentials, private.delete_credentials, private.delete_account to paddock_app;
grant execute on function private.read_credentials, private.mark_credentials_rejected to paddock_app, paddock_worker;
grant execute on function private.storing_key_version to paddock_app;
grant execute on function private.require_keys to paddock_recorder;
grant execute on function private.check_master_key, private.master_key_versions, private.announce_keyring, private.live_keyrings,
  private.set_storing_key_version, private.retire_master_key, private.credentials_to_rotate, private.open_credentials_to_rotate,
  private.rotate_credentials to paddock_worker;
grant execute on function private.apply_key_change, private.hold_key_version, private.delete_user to paddock_owner;
grant execute on function private.delete_signed_in_user to paddock_auth;
comment on function private.delete_user is 'Deletes a user with the accounts that they own: paddock user delete calls it.';
comment on function private.delete_signed_in_user is 'Deletes the user of a session with the accounts that they own, unless orders of these are open.';
reset role;
revoke create on schema private from paddock_gate;

-- What the broker said is recorded by whoever can open the account's keys, and so could
-- have asked it: the process, and no statement that is injected into one of its transactions.
grant create on schema private to paddock_recorder;
set local role paddock_recorder;
{{ template "func/010/record_answer.sql" . }}
{{ template "func/010/record_known_orders.sql" . }}
{{ template "func/010/record_not_placed.sql" . }}
{{ template "func/010/record_position_list.sql" . }}
{{ template "func/010/record_balance.sql" . }}
{{ template "func/010/record_exercise.sql" . }}
grant execute on function private.record_answer, private.record_known_orders, private.record_not_placed, private.record_position_list,
  private.record_balance, private.record_exercise to paddock_app;
comment on function private.record_answer is 'Records an order of the admitted account as the broker described it in an answer.';
comment on function private.record_not_placed is 'Records that an order of the admitted account was certainly not placed.';
comment on function private.record_position_list is 'Records the positions of the admitted account as the broker listed them.';
comment on function private.record_balance is 'Records what the admitted account is worth by the broker.';
comment on function private.record_exercise is 'Records whether the broker took an exercise of the admitted account.';
reset role;
revoke create on schema private from paddock_recorder;

set local role paddock_owner;
create trigger apply_key_change after insert or update of generation, rejected_at or delete on private.user_credentials
  for each row execute function private.apply_key_change();
create trigger hold_key_version before insert or update of key_version, ciphertext on private.user_credentials
  for each row execute function private.hold_key_version();
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger hold_key_version on private.user_credentials;
drop trigger apply_key_change on private.user_credentials;
reset role;
set local role paddock_recorder;
drop function private.record_exercise, private.record_balance, private.record_position_list, private.record_not_placed,
  private.record_known_orders, private.record_answer;
reset role;
set local role paddock_gate;
drop function private.require_keys, private.rotate_credentials, private.open_credentials_to_rotate, private.credentials_to_rotate,
  private.retire_master_key, private.set_storing_key_version, private.live_keyrings, private.announce_keyring,
  private.hold_key_version, private.storing_key_version, private.apply_key_change, private.delete_signed_in_user, private.delete_user, private.delete_account, private.delete_credentials,
  private.orders_blocking_deletion, private.accounts_with_credentials, private.has_working_keys, private.credentials_metadata,
  private.mark_credentials_rejected, private.read_credentials, private.store_credentials,
  private.encrypt_outer, private.master_key_versions, private.check_master_key, private.count_key_check;
reset role;
set local role paddock_owner;
drop table private.key_checks, private.instance_keyrings, private.master_keys, private.user_credentials;
reset role;
