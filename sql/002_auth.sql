-- Better Auth's four tables, as its own Postgres adapter makes them, so that
-- a real Better Auth server on this database works with the same rows.
-- "account" here is a way of signing in, not a brokerage account. sign_up_counts
-- is ours.
--
-- Before signing in nobody is known, so paddock_auth sees all rows of these
-- tables. It sees no tenant table.

set local role paddock_owner;

create table auth."user" (
  id text primary key,
  name text not null,
  email text not null unique,
  "emailVerified" boolean not null,
  image text,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null default current_timestamp
);
comment on table auth."user" is 'People who can sign in.';
alter table auth."user" enable row level security, force row level security;
create policy auth_all on auth."user" to paddock_auth using (true) with check (true);
-- Nobody deletes a user but private.delete_user, which looks at their accounts'
-- open orders first.
grant select, insert, update on auth."user" to paddock_auth;
create policy gate_all on auth."user" to paddock_gate using (true) with check (true);
-- To lock a row takes the privilege to change a column of it.
grant select (id), delete, update ("updatedAt") on auth."user" to paddock_gate;

create table auth.session (
  id text primary key,
  "expiresAt" timestamptz not null,
  token text not null unique,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null,
  "ipAddress" text,
  "userAgent" text,
  "userId" text not null references auth."user" (id) on delete cascade
);
comment on table auth.session is 'Who is signed in, by the token of the cookie.';
create index "session_userId_idx" on auth.session ("userId");
alter table auth.session enable row level security, force row level security;
create policy auth_all on auth.session to paddock_auth using (true) with check (true);
grant select, insert, update, delete on auth.session to paddock_auth;
-- Admission looks a session up by its token.
create policy gate_reads on auth.session for select to paddock_gate using (true);
grant select (id, token, "userId", "expiresAt") on auth.session to paddock_gate;

create table auth.account (
  id text primary key,
  "accountId" text not null,
  "providerId" text not null,
  "userId" text not null references auth."user" (id) on delete cascade,
  "accessToken" text,
  "refreshToken" text,
  "idToken" text,
  "accessTokenExpiresAt" timestamptz,
  "refreshTokenExpiresAt" timestamptz,
  scope text,
  password text,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null
);
comment on table auth.account is 'Ways of signing in, such as a password; no brokerage accounts, these are in app.user_accounts.';
create index "account_userId_idx" on auth.account ("userId");
alter table auth.account enable row level security, force row level security;
create policy auth_all on auth.account to paddock_auth using (true) with check (true);
grant select, insert, update, delete on auth.account to paddock_auth;

create table auth.verification (
  id text primary key,
  identifier text not null,
  value text not null,
  "expiresAt" timestamptz not null,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null default current_timestamp
);
comment on table auth.verification is 'Codes that were sent to verify an address or to reset a password.';
create index verification_identifier_idx on auth.verification (identifier);
alter table auth.verification enable row level security, force row level security;
create policy auth_all on auth.verification to paddock_auth using (true) with check (true);
grant select, insert, update, delete on auth.verification to paddock_auth;

-- It is in the database, and not in memory as the other limits of sign-in are,
-- because a sign-up tells whether an email address is known: what one network
-- can find out so is bounded however many instances there are.
create table auth.sign_up_counts (
  network cidr primary key,
  since timestamptz not null default clock_timestamp(),
  sign_ups integer not null default 1
);
comment on table auth.sign_up_counts is 'How many sign-ups were tried from a network in the hour that began then.';
create index sign_up_counts_since_idx on auth.sign_up_counts (since);
alter table auth.sign_up_counts enable row level security, force row level security;
create policy auth_all on auth.sign_up_counts to paddock_auth using (true) with check (true);
grant select, insert, update, delete on auth.sign_up_counts to paddock_auth;

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop table auth.sign_up_counts, auth.verification, auth.account, auth.session, auth."user";
reset role;
