-- Better Auth's four tables and the one of its twoFactor plugin, as its own Postgres
-- adapter makes them, so that a real Better Auth server on this database works with
-- the same rows. "account" here is a way of signing in, not a brokerage account.
-- sign_up_counts, mail_counts, sign_in_counts, disabled_users and second_factor_uses are ours.
--
-- Before signing in nobody is known, so paddock_auth sees all rows of these
-- tables. It sees no tenant table. A Better Auth server selects and returns whole
-- rows, and so paddock_auth may read every column. It may change no id, of whom a
-- row is least of all, and writes no token of an OAuth provider: there is none to
-- be read, unless an operator grants that (docs/security.md).

set local role paddock_owner;

create table auth."user" (
  id text primary key,
  name text not null,
  email text not null unique,
  "emailVerified" boolean not null,
  image text,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null default current_timestamp,
  "twoFactorEnabled" boolean default false
);
comment on table auth."user" is 'People who can sign in.';
alter table auth."user" enable row level security, force row level security;
create policy auth_all on auth."user" to paddock_auth using (true) with check (true);
-- Nobody deletes a user but private.delete_user, which looks at their accounts'
-- open orders first.
grant select, insert, update (name, email, "emailVerified", image, "updatedAt", "twoFactorEnabled") on auth."user" to paddock_auth;
create policy gate_reads on auth."user" for select to paddock_gate using (true);
create policy gate_locks on auth."user" for update to paddock_gate using (true) with check (true);
create policy gate_deletes on auth."user" for delete to paddock_gate using (true);
-- To lock a row takes the privilege to change a column of it.
grant select (id, email, "emailVerified", name, "createdAt", "twoFactorEnabled"), delete, update ("emailVerified", "updatedAt", "twoFactorEnabled") on auth."user" to paddock_gate;

create table auth.session (
  id text primary key check (id not like 'token:%'),  -- what the audit calls an API token
  "expiresAt" timestamptz not null,
  token text not null unique,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null,
  "ipAddress" text,
  "userAgent" text,
  "userId" text not null references auth."user" (id) on delete cascade,
  -- Ours: when the session has shown its password or a code last, as every session
  -- does when it begins. Better Auth takes no notice of it.
  "steppedUpAt" timestamptz not null default clock_timestamp()
);
comment on table auth.session is 'Who is signed in, by the token of the cookie.';
create index "session_userId_idx" on auth.session ("userId");
create index "session_expiresAt_idx" on auth.session ("expiresAt");
alter table auth.session enable row level security, force row level security;
create policy auth_all on auth.session to paddock_auth using (true) with check (true);
grant select, insert, update ("expiresAt", "updatedAt"), delete on auth.session to paddock_auth;
-- Admission looks a session up by its token. Disabling a user ends their sessions.
create policy gate_reads on auth.session for select to paddock_gate using (true);
create policy gate_ends on auth.session for delete to paddock_gate using (true);
create policy gate_steps_up on auth.session for update to paddock_gate using (true) with check (true);
grant select (id, token, "userId", "expiresAt", "steppedUpAt"), update ("steppedUpAt"), delete on auth.session to paddock_gate;

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
grant select, insert (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt"), update (password, "updatedAt"), delete
  on auth.account to paddock_auth;

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
create index "verification_expiresAt_idx" on auth.verification ("expiresAt");
alter table auth.verification enable row level security, force row level security;
create policy auth_all on auth.verification to paddock_auth using (true) with check (true);
grant select, insert, delete on auth.verification to paddock_auth;
create policy gate_all on auth.verification to paddock_gate using (true) with check (true);
grant select (id, identifier, value, "expiresAt"), insert (id, identifier, value, "expiresAt"), delete on auth.verification to paddock_gate;

-- It is in the database, and not in memory as the limits of all calls are, because a
-- sign-up tells whether an email address is known: what one network
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
grant select, insert (network), update (since, sign_ups), delete on auth.sign_up_counts to paddock_auth;
create policy gate_reads on auth.sign_up_counts for select to paddock_gate using (true);
create policy gate_purges on auth.sign_up_counts for delete to paddock_gate using (true);
grant select (network, since), delete on auth.sign_up_counts to paddock_gate;

-- How often one email address is mailed to, and how often one network asks for that,
-- is bounded however many instances there are, and over restarts.
create table auth.mail_counts (
  who text primary key,  -- a network, or the digest of an address and a kind of mail
  since timestamptz not null default clock_timestamp(),
  requests integer not null default 1
);
comment on table auth.mail_counts is 'How many mails were asked for from a network, or of one kind for an address, in the hour that began then.';
create index mail_counts_since_idx on auth.mail_counts (since);
alter table auth.mail_counts enable row level security, force row level security;
create policy auth_all on auth.mail_counts to paddock_auth using (true) with check (true);
grant select, insert (who), update (since, requests), delete on auth.mail_counts to paddock_auth;
create policy gate_reads on auth.mail_counts for select to paddock_gate using (true);
create policy gate_purges on auth.mail_counts for delete to paddock_gate using (true);
grant select (who, since), delete on auth.mail_counts to paddock_gate;

-- How often a password is tried for one email address from one network, and from one
-- network for all addresses, is bounded however many instances there are, and over
-- restarts. A row is deleted when its time is over or the password was right.
create table auth.sign_in_counts (
  who text primary key,  -- the digest of an address and a network, or a network
  since timestamptz not null default clock_timestamp(),
  tries integer not null default 1
);
comment on table auth.sign_in_counts is 'How many passwords were tried from a network, or from it for an address, in the quarter of an hour that began then.';
create index sign_in_counts_since_idx on auth.sign_in_counts (since);
alter table auth.sign_in_counts enable row level security, force row level security;
create policy auth_all on auth.sign_in_counts to paddock_auth using (true) with check (true);
grant select, insert (who), update (since, tries), delete on auth.sign_in_counts to paddock_auth;
create policy gate_reads on auth.sign_in_counts for select to paddock_gate using (true);
create policy gate_purges on auth.sign_in_counts for delete to paddock_gate using (true);
grant select (who, since), delete on auth.sign_in_counts to paddock_gate;

-- Sign-in's login has no privilege on it: only an operator disables and enables.
create table auth.disabled_users (
  user_id text primary key references auth."user" (id) on delete cascade,
  since timestamptz not null default clock_timestamp()
);
comment on table auth.disabled_users is 'Users whom an operator has disabled: a trigger refuses them every session.';
alter table auth.disabled_users enable row level security, force row level security;
create policy gate_all on auth.disabled_users to paddock_gate using (true) with check (true);
grant select, insert (user_id), delete on auth.disabled_users to paddock_gate;

-- Secret and codes are encrypted with a key that is made of BETTER_AUTH_SECRET, which
-- is not in the database.
create table auth."twoFactor" (
  id text primary key,
  secret text not null,
  "backupCodes" text not null,
  "userId" text not null references auth."user" (id) on delete cascade,
  verified boolean default true,
  "failedVerificationCount" integer default 0,
  "lockedUntil" timestamptz
);
comment on table auth."twoFactor" is 'The TOTP secret and the backup codes of each user who has set two-factor authentication up, both encrypted.';
create unique index "twoFactor_userId_idx" on auth."twoFactor" ("userId");
alter table auth."twoFactor" enable row level security, force row level security;
create policy auth_all on auth."twoFactor" to paddock_auth using (true) with check (true);
grant select, insert, update (secret, "backupCodes", verified, "failedVerificationCount", "lockedUntil"), delete on auth."twoFactor" to paddock_auth;
create policy gate_all on auth."twoFactor" to paddock_gate using (true) with check (true);
grant select, update ("backupCodes", "failedVerificationCount", "lockedUntil"), delete on auth."twoFactor" to paddock_gate;

-- Sign-in's login has no privilege on it: functions write it where a code is used up,
-- and a trigger asks it whether a session may begin.
create table auth.second_factor_uses (
  user_id text primary key references auth."user" (id) on delete cascade,
  last_step bigint,  -- the time step of the newest TOTP code that was used
  used_in xid8 not null  -- the transaction in which a second factor was used last
);
comment on table auth.second_factor_uses is 'When each user used a second factor last: a code works once, and a session begins only in the transaction that used one.';
alter table auth.second_factor_uses enable row level security, force row level security;
create policy gate_all on auth.second_factor_uses to paddock_gate using (true) with check (true);
grant select, insert, update (last_step, used_in) on auth.second_factor_uses to paddock_gate;

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop table auth.second_factor_uses, auth."twoFactor", auth.disabled_users, auth.sign_in_counts, auth.mail_counts, auth.sign_up_counts, auth.verification, auth.account, auth.session, auth."user";
reset role;
