-- Admission: each transaction is admitted to one account. The settings that say
-- so are signed (the seal) with a key that only paddock_gate can read. Policies
-- call account_id, user_id and has_scope, which check the seal. The functions
-- that admit, admit and admit_worker, come in the migrations of the tables that
-- they read.

set local role paddock_owner;

-- It keeps the two pads of HMAC-SHA256 and not the key, which saves two xors of
-- 64 bytes for each check.
create table private.seal_keys (
  id bigint primary key,
  inner_pad bytea not null check (octet_length(inner_pad) = 64),
  outer_pad bytea not null check (octet_length(outer_pad) = 64),
  -- New seals are made with the current key. The one before it only checks.
  is_current boolean not null default true,
  created_at timestamptz not null default now()
);
comment on table private.seal_keys is 'Keys of admission''s seal: the current one and the one before it.';
create unique index seal_keys_current_key on private.seal_keys (is_current) where is_current;
alter table private.seal_keys enable row level security, force row level security;
create policy gate_all on private.seal_keys to paddock_gate using (true) with check (true);
grant select, insert, delete, update (is_current) on private.seal_keys to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/003/renew_seal_key.sql" . }}
{{ template "func/003/maintain_seal_key.sql" . }}
{{ template "func/003/seal_mac.sql" . }}
{{ template "func/003/seal_transaction.sql" . }}
{{ template "func/003/scopes_for_role.sql" . }}
{{ template "func/003/check_seal.sql" . }}
{{ template "func/003/account_id.sql" . }}
{{ template "func/003/user_id.sql" . }}
{{ template "func/003/has_scope.sql" . }}
{{ template "func/003/require_account.sql" . }}
grant execute on function private.renew_seal_key, private.maintain_seal_key to paddock_owner;
grant execute on function private.maintain_seal_key to paddock_worker;
grant execute on function private.account_id, private.user_id, private.has_scope to paddock_app, paddock_worker;
grant execute on function private.account_id to paddock_recorder;
comment on function private.renew_seal_key is 'Makes a new key of the seal at once and keeps the one before it. An operator may call it.';
comment on function private.maintain_seal_key is 'Makes a new key of the seal if the current one is an hour old, or if there is none.';
comment on function private.account_id is 'The account that this transaction was admitted to, if it has the scope; null or an error otherwise.';
comment on function private.user_id is 'The user that this transaction was admitted as.';
comment on function private.has_scope is 'Whether this transaction has the scope on the account that it was admitted to.';
select private.renew_seal_key();
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

set local role paddock_gate;
drop function private.require_account, private.has_scope, private.user_id, private.account_id, private.check_seal,
  private.scopes_for_role, private.seal_transaction, private.seal_mac, private.maintain_seal_key,
  private.renew_seal_key;
reset role;
set local role paddock_owner;
drop table private.seal_keys;
reset role;
