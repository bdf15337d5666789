-- Brokerage accounts, who may use them, and the tables that admission reads.

set local role paddock_owner;

create table app.user_accounts (
  id uuid primary key default gen_random_uuid(),
  user_id text not null references auth."user" (id) on delete restrict,
  name text not null check (name = btrim(name) and char_length(name) between 1 and 80),
  environment text not null check (environment in ('paper', 'live')),
  -- The broker's own id, recorded when keys are first checked. Keys of any
  -- other broker account are refused from then on: its orders live here.
  alpaca_account_id uuid,
  alpaca_account_number text,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
-- Unique over a digest: md5 is not leakproof, so no condition of a query
-- reaches these indexes before the policy has, and nothing can be learnt of
-- other users' accounts by how many rows a scan of them threw away.
create unique index user_accounts_user_id_name_key on app.user_accounts
  (md5(char_length(user_id) || ':' || user_id || name));
create unique index user_accounts_user_id_broker_account_key on app.user_accounts
  (md5(char_length(user_id) || ':' || user_id || environment || alpaca_account_id::text));

create table app.account_grants (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  user_id text not null references auth."user" (id) on delete cascade,
  role text not null check (role in ('owner', 'trader', 'viewer')),
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (account_id, user_id)
);
-- A user's own list of accounts is the one question that starts from the user.
create index account_grants_user_id_idx on app.account_grants (user_id, account_id);

-- Keys of the seal. Only the gate reads them; the pads of HMAC-SHA256 are kept
-- ready, which saves two 64-byte xors a check.
create table private.seal_keys (
  id bigint primary key,
  inner_pad bytea not null check (octet_length(inner_pad) = 64),
  outer_pad bytea not null check (octet_length(outer_pad) = 64),
  -- The one that new seals are made with; the one before it only checks.
  is_current boolean not null default true,
  created_at timestamptz not null default now()
);

create unique index seal_keys_current_key on private.seal_keys (is_current) where is_current;

-- The name of the NOTIFY channel is a secret: any login may LISTEN.
create table private.doorbell (
  only_one boolean primary key default true check (only_one),
  channel text not null check (channel ~ '^paddock_[0-9a-f]{32}$')
);

-- Which instance streams which account. fence grows with every change of
-- hands; the worker's door checks it, so a holder that lost its lease can
-- write nothing more.
create table app.stream_leases (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  holder uuid not null,
  fence bigint not null default 1,
  expires_at timestamptz not null
);

alter table app.user_accounts  enable row level security, force row level security;
alter table app.account_grants enable row level security, force row level security;
alter table private.seal_keys  enable row level security, force row level security;
alter table private.doorbell   enable row level security, force row level security;
alter table app.stream_leases  enable row level security, force row level security;

-- The gate decides who gets in, so it reads these before anyone is known.
create policy gate_all on app.user_accounts to paddock_gate using (true) with check (true);
grant select, insert, update (alpaca_account_id, alpaca_account_number, updated_at) on app.user_accounts to paddock_gate;
create policy gate_all on app.account_grants to paddock_gate using (true) with check (true);
grant select, insert on app.account_grants to paddock_gate;
create policy gate_all on private.seal_keys to paddock_gate using (true) with check (true);
grant select, insert, delete, update (is_current) on private.seal_keys to paddock_gate;
create policy gate_all on private.doorbell to paddock_gate using (true) with check (true);
grant select, insert on private.doorbell to paddock_gate;
create policy gate_all on app.stream_leases to paddock_gate using (true) with check (true);
grant select, insert, update, delete on app.stream_leases to paddock_gate;

-- Planner statistics are made over all tenants, and EXPLAIN tells them.
alter table app.user_accounts
  alter column id set statistics 0, alter column user_id set statistics 0, alter column name set statistics 0,
  alter column alpaca_account_id set statistics 0, alter column alpaca_account_number set statistics 0;
alter index app.user_accounts_user_id_name_key alter column 1 set statistics 0;
alter index app.user_accounts_user_id_broker_account_key alter column 1 set statistics 0;
alter table app.account_grants alter column account_id set statistics 0, alter column user_id set statistics 0;

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop table app.stream_leases, private.doorbell, private.seal_keys, app.account_grants, app.user_accounts;
reset role;
