-- Brokerage accounts, who may use them, and who may report on them.

set local role paddock_owner;

create table app.user_accounts (
  id uuid primary key default gen_random_uuid(),
  user_id text not null references auth."user" (id) on delete cascade,
  name text not null check (name = btrim(name) and char_length(name) between 1 and 80),
  environment text not null check (environment in ('paper', 'live')),
  -- The broker's id of it, recorded when keys are first checked. From then on
  -- keys of another broker account are refused: this row has the first one's orders.
  alpaca_account_id uuid,
  alpaca_account_number text,
  is_active boolean not null default true,
  -- How trade updates are read: auto tries Server-Sent Events and falls back to
  -- the WebSocket; off has no stream, only reconciliation.
  stream_mode text not null default 'auto' check (stream_mode in ('auto', 'sse', 'ws', 'off')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table app.user_accounts is 'Brokerage accounts: one row each, and its id is the account_id of every other table.';
-- These are unique over a digest. md5 is not leakproof, so Postgres never uses
-- these indexes for a query's condition before it has checked the policy. So
-- nobody learns of other users' accounts from how many rows a scan removed.
create unique index user_accounts_user_id_name_key on app.user_accounts
  (md5(char_length(user_id) || ':' || user_id || name));
create unique index user_accounts_user_id_broker_account_key on app.user_accounts
  (md5(char_length(user_id) || ':' || user_id || environment || alpaca_account_id::text));
-- Planner statistics cover the rows of all tenants, and EXPLAIN shows them. So in
-- every table the columns with a tenant's own words, ids or amounts have none.
alter table app.user_accounts enable row level security, force row level security,
  alter column id set statistics 0, alter column user_id set statistics 0, alter column name set statistics 0,
  alter column alpaca_account_id set statistics 0, alter column alpaca_account_number set statistics 0;
alter index app.user_accounts_user_id_name_key alter column 1 set statistics 0;
alter index app.user_accounts_user_id_broker_account_key alter column 1 set statistics 0;

create table app.account_grants (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  user_id text not null references auth."user" (id) on delete cascade,
  -- An approver reads, and is asked about what others want. Who has reports reads by a
  -- reporting login alone, and comes to the account by no other door.
  role text not null check (role in ('owner', 'trader', 'approver', 'viewer', 'reports')),
  expires_at timestamptz,
  created_at timestamptz not null default now(), -- since when the user has this role
  given_by text, -- the user who gave it; null where the account was made with it, or by an operator
  -- The user by whose standing grant it is there (private.standing_grants).
  standing_of text check (standing_of is null or role <> 'owner'),
  primary key (account_id, user_id)
);
comment on table app.account_grants is 'Which user may use which account, in what role and until when.';
-- For the list of a user's own accounts: the one query that starts with the user.
-- So does the policy: its condition, user_id = private.user_id(), is always among
-- those of this index, so that no scan of it counts another user's rows.
create index account_grants_user_id_idx on app.account_grants (user_id, account_id);
alter table app.account_grants enable row level security, force row level security,
  alter column account_id set statistics 0, alter column user_id set statistics 0;
-- Admission reads grants before anyone is admitted.
create policy gate_all on app.account_grants to paddock_gate using (true) with check (true);
grant select, insert (account_id, user_id, role, expires_at, given_by, standing_of), delete,
  update (role, expires_at, created_at, given_by, standing_of) on app.account_grants to paddock_gate;
grant select on app.account_grants to paddock_app;

-- What a user gives another on all accounts that are theirs, also on those to come. Each
-- account has a grant of its own for it.
create table private.standing_grants (
  owner_id text not null references auth."user" (id) on delete cascade,
  user_id text not null references auth."user" (id) on delete cascade check (user_id <> owner_id),
  role text not null check (role in ('trader', 'approver', 'viewer', 'reports')),
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (owner_id, user_id)
);
comment on table private.standing_grants is 'Which user may use all accounts of which other, also those to come.';
create index standing_grants_user_idx on private.standing_grants (user_id);
alter table private.standing_grants enable row level security, force row level security;
create policy gate_all on private.standing_grants to paddock_gate using (true) with check (true);
grant select, insert, delete, update (role, expires_at, created_at) on private.standing_grants to paddock_gate;

-- Links with which a signed-in user takes a role, once.
create table private.invitations (
  id uuid primary key,
  user_id text not null references auth."user" (id) on delete cascade, -- who invites
  digest bytea not null unique check (octet_length(digest) = 32), -- SHA-256 of the link's token
  email text check (email = lower(email) and char_length(email) <= 320), -- whose it is; null for whoever has the link
  role text not null check (role in ('owner', 'trader', 'approver', 'viewer', 'reports')),
  -- For all accounts of the user who invites, also those to come, and not for one.
  all_accounts boolean not null,
  grant_expires_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz, -- when it was taken up, or taken back
  taken_by text, -- the user who took it up
  check (role <> 'owner' or not all_accounts and grant_expires_at is null)
);
comment on table private.invitations is 'Links with which a user takes a role on an account, by the digest of each.';
create index invitations_user_idx on private.invitations (user_id);
alter table private.invitations enable row level security, force row level security;
create policy gate_all on private.invitations to paddock_gate using (true) with check (true);
grant select, insert, delete, update (ended_at, taken_by) on private.invitations to paddock_gate;

create table private.invitation_accounts (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  invitation_id uuid not null references private.invitations (id) on delete cascade,
  primary key (account_id, invitation_id)
);
comment on table private.invitation_accounts is 'Which account an invitation is for.';
create index invitation_accounts_invitation_idx on private.invitation_accounts (invitation_id);
alter table private.invitation_accounts enable row level security, force row level security;
create policy gate_all on private.invitation_accounts to paddock_gate using (true) with check (true);
grant select, insert on private.invitation_accounts to paddock_gate;

-- How many addresses of no user each user has tried to share with, in the day that began
-- then: nobody learns here who has an account.
create table private.address_tries (
  user_id text primary key references auth."user" (id) on delete cascade,
  since timestamptz not null default now(),
  tries integer not null
);
comment on table private.address_tries is 'How many addresses of no user each user has tried to share an account with lately.';
alter table private.address_tries enable row level security, force row level security;
create policy gate_all on private.address_tries to paddock_gate using (true) with check (true);
grant select, insert, update (since, tries), delete on private.address_tries to paddock_gate;

-- API tokens: what a program signs in with in place of a user's session. A token never
-- does what its user may not, and each has bounds of its own. No column of it widens
-- afterwards: whoever needs more makes another.
create table private.api_tokens (
  id uuid primary key,
  user_id text not null references auth."user" (id) on delete cascade,
  -- The tokens of which it was made, the first of them made in a session, and itself.
  path uuid[] not null check (cardinality(path) between 1 and 8),
  name text not null check (name = btrim(name) and char_length(name) between 1 and 80),
  digest bytea not null unique check (octet_length(digest) = 32),  -- SHA-256 of the token
  hint text not null check (char_length(hint) <= 8),  -- how the token ends
  -- Every token may read, and one that may trade may cancel: an order is made with all three.
  scopes text[] not null check (scopes <@ array['read', 'trade', 'cancel', 'log'] and 'read' = any (scopes)
    and ('cancel' = any (scopes) or 'trade' <> all (scopes))),
  paper_only boolean not null,
  -- Kept by triggers, so that an admission reads this row alone: whether an operator has
  -- disabled the user, and the accounts that token_accounts has.
  user_disabled boolean not null default false,
  account_ids uuid[] not null default '{}',
  created_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > created_at and expires_at <= created_at + interval '366 days'),
  revoked_at timestamptz,
  last_used_at timestamptz,  -- within a minute
  -- Limits beside the account's own (app.account_guards), on each account that it reaches.
  max_order_notional numeric check (max_order_notional >= 0),
  max_position_notional numeric check (max_position_notional >= 0),
  max_position_qty numeric check (max_position_qty >= 0),
  max_open_orders integer check (max_open_orders >= 0),
  orders_per_minute integer check (orders_per_minute >= 0),
  orders_per_day integer check (orders_per_day >= 0),
  daily_loss_limit numeric check (daily_loss_limit >= 0),
  max_drawdown numeric check (max_drawdown >= 0),
  max_refusals integer check (max_refusals >= 1),
  heartbeat_seconds integer check (heartbeat_seconds between 5 and 86400),
  allowed_symbols text[] check (array_length(allowed_symbols, 1) <= 500),
  allowed_sides text[] check (allowed_sides <@ array['buy', 'sell']),
  -- Above what worth an order of its that opens something waits for a person's word.
  approval_above numeric,
  check (path[cardinality(path)] = id)
);
comment on table private.api_tokens is 'API tokens of users, by the digest of each, with their scopes and limits.';
create index api_tokens_user_idx on private.api_tokens (user_id);
alter table private.api_tokens enable row level security, force row level security;
create policy gate_all on private.api_tokens to paddock_gate using (true) with check (true);
grant select, insert, update (revoked_at, last_used_at, account_ids, user_disabled) on private.api_tokens to paddock_gate;

create table private.token_accounts (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  token_id uuid not null references private.api_tokens (id) on delete cascade,
  sleeve_id uuid,  -- the one in which it trades there (app.sleeves); NULL: any, and none
  primary key (account_id, token_id)
);
comment on table private.token_accounts is 'Which accounts each API token reaches.';
create index token_accounts_token_idx on private.token_accounts (token_id);
alter table private.token_accounts enable row level security, force row level security;
create policy gate_all on private.token_accounts to paddock_gate using (true) with check (true);
grant select, insert on private.token_accounts to paddock_gate;

-- Plain SQL for others: a login in the group paddock_report sees the accounts
-- that were granted to it, through the views of schema report, and nothing else.
-- No setting decides that, because a login could set it. A grant names the role
-- by oid and by name: a role that is created again under an old name has another
-- oid, and gets nothing of what the old one had.
create table private.report_grants (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  role_oid oid not null,
  role_name name not null,
  created_at timestamptz not null default now(),
  -- Whose login it is: then it counts as long as this user owns the account, or has the role reports there.
  user_id text,
  primary key (account_id, role_oid)
);
comment on table private.report_grants is 'Which reporting login may read which account.';
create index report_grants_role_idx on private.report_grants (role_oid, role_name);
alter table private.report_grants enable row level security, force row level security;
create policy gate_all on private.report_grants to paddock_gate using (true) with check (true);
grant select, insert, delete on private.report_grants to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/004/usable_grants.sql" . }}
{{ template "func/004/session_sign_in.sql" . }}
{{ template "func/004/token_sign_in.sql" . }}
{{ template "func/004/sign_in.sql" . }}
{{ template "func/004/sign_in_holds.sql" . }}
{{ template "func/004/token_scopes_for_role.sql" . }}
{{ template "func/004/admit.sql" . }}
{{ template "func/004/begin_token.sql" . }}
{{ template "func/004/keep_token_accounts.sql" . }}
{{ template "func/004/keep_disabled_tokens.sql" . }}
grant execute on function private.begin_token, private.keep_token_accounts, private.keep_disabled_tokens to paddock_owner;
{{ template "func/004/token_id.sql" . }}
{{ template "func/004/token_path.sql" . }}
{{ template "func/004/reach.sql" . }}
{{ template "func/004/wider_than.sql" . }}
{{ template "func/004/make_token.sql" . }}
{{ template "func/004/revoke_token.sql" . }}
{{ template "func/004/list_tokens.sql" . }}
{{ template "func/004/current_token.sql" . }}
{{ template "func/004/note_token_uses.sql" . }}
{{ template "func/004/apply_standing_grants.sql" . }}
{{ template "func/004/create_account.sql" . }}
{{ template "func/004/lock_sharing.sql" . }}
{{ template "func/004/user_to_share_with.sql" . }}
{{ template "func/004/put_grant.sql" . }}
{{ template "func/004/pass_account.sql" . }}
{{ template "func/004/leave_ownership.sql" . }}
{{ template "func/004/give_grant.sql" . }}
{{ template "func/004/change_grant.sql" . }}
{{ template "func/004/end_grant.sql" . }}
{{ template "func/004/transfer_account.sql" . }}
{{ template "func/004/list_grants.sql" . }}
{{ template "func/004/put_standing_grant.sql" . }}
{{ template "func/004/give_standing_grant.sql" . }}
{{ template "func/004/end_standing_grant.sql" . }}
{{ template "func/004/list_own_grants.sql" . }}
{{ template "func/004/open_invitation.sql" . }}
{{ template "func/004/make_grant_invitation.sql" . }}
{{ template "func/004/list_invitations.sql" . }}
{{ template "func/004/look_at_invitation.sql" . }}
{{ template "func/004/take_invitation.sql" . }}
{{ template "func/004/revoke_invitation.sql" . }}
{{ template "func/004/record_account_change.sql" . }}
{{ template "func/004/report_accounts.sql" . }}
{{ template "func/004/grant_report.sql" . }}
{{ template "func/004/revoke_report.sql" . }}
grant execute on function private.admit, private.create_account, private.token_id, private.token_path, private.reach,
  private.make_token, private.revoke_token, private.list_tokens, private.current_token,
  private.give_grant, private.change_grant, private.end_grant, private.transfer_account, private.list_grants,
  private.give_standing_grant, private.end_standing_grant, private.list_own_grants,
  private.make_grant_invitation, private.list_invitations, private.look_at_invitation, private.take_invitation, private.revoke_invitation
  to paddock_app;
grant execute on function private.note_token_uses, private.token_path to paddock_worker;
grant execute on function private.record_account_change, private.grant_report, private.revoke_report to paddock_owner;
grant execute on function private.report_accounts to paddock_report, paddock_owner;
comment on function private.admit is 'Admits this transaction as the user of a session, to an account of theirs or to none.';
comment on function private.token_id is 'The API token by which this transaction was admitted, if it was by one.';
comment on function private.token_path is 'That API token, and before it those of which it was made.';
comment on function private.reach is 'The accounts that this API token reaches; null without one.';
comment on function private.make_token is 'Makes an API token of the admitted user.';
comment on function private.revoke_token is 'Revokes an API token and all that were made of it.';
comment on function private.list_tokens is 'The API tokens of the admitted user.';
comment on function private.current_token is 'This API token, and the accounts that it reaches.';
comment on function private.note_token_uses is 'Notes when API tokens were last used.';
comment on function private.create_account is 'Makes an account and its owner''s grant, for the admitted user.';
comment on function private.give_grant is 'Gives the user of an email address a role on the admitted account.';
comment on function private.change_grant is 'Gives a user who has a role on the admitted account another one, or until another time.';
comment on function private.end_grant is 'Takes a user''s role on an account, which an owner does, or the user.';
comment on function private.transfer_account is 'Hands the ownership of the admitted account to a user who has a role there.';
comment on function private.list_grants is 'Who has which role on the admitted account.';
comment on function private.give_standing_grant is 'Gives the user of an email address a role on all accounts of the admitted user, also those to come.';
comment on function private.end_standing_grant is 'Takes a role on all accounts at once, which their owner does, or the user who has it.';
comment on function private.list_own_grants is 'The roles that the admitted user has, and those given on all accounts of theirs.';
comment on function private.make_grant_invitation is 'Makes a link with which somebody takes a role.';
comment on function private.list_invitations is 'The invitations to the admitted account, or to all accounts of the admitted user.';
comment on function private.look_at_invitation is 'What an invitation is for.';
comment on function private.take_invitation is 'Gives the admitted user the role of an invitation, once.';
comment on function private.revoke_invitation is 'Takes an invitation back.';
comment on function private.report_accounts is 'The accounts that the login of this session may report on: none once the login has ended.';
comment on function private.grant_report is 'Lets a reporting login read an account: paddock report create and grant call it.';
comment on function private.revoke_report is 'Takes an account from a reporting login, or all: paddock report revoke and drop call it.';
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;

-- A user sees the grants that name them and that can be used, and through these their
-- accounts; with an API token, of these those that it reaches.
create policy app_reads on app.account_grants for select to paddock_app
  using (user_id = (select private.user_id())
    and (expires_at is null or expires_at > now()) and role <> 'reports'
    and ((select private.token_id()) is null or account_id = any ((select private.reach())::uuid[])));

-- Because the ids are an array, Postgres looks them up in the primary key. A
-- condition that filters rows would let EXPLAIN and the statistics functions show
-- how many rows other users have.
create policy app_reads on app.user_accounts for select to paddock_app
  using (id = any (array(
    select g.account_id from app.account_grants g
    where g.user_id = (select private.user_id()))));
-- Accounts are created by private.create_account, with the owner's grant: a plain
-- insert here could name any user.
create policy app_changes on app.user_accounts for update to paddock_app
  using (id = (select private.account_id('manage')))
  with check (id = (select private.account_id('manage')));
grant select, update (name, is_active, stream_mode, updated_at) on app.user_accounts to paddock_app;
-- The worker sees the one account it was admitted to.
create policy worker_reads on app.user_accounts for select to paddock_worker
  using (id = (select private.account_id('work')));
grant select on app.user_accounts to paddock_worker;
create policy gate_all on app.user_accounts to paddock_gate using (true) with check (true);
-- An account changes hands in private.pass_account alone.
grant select, insert, delete, update (user_id, alpaca_account_id, alpaca_account_number, updated_at) on app.user_accounts to paddock_gate;
-- The group may read these columns, but has no USAGE on schema app, so that it
-- reaches the table only through the views of schema report. The same holds for
-- every table that reports read.
create policy report_reads on app.user_accounts for select to paddock_report
  using (id = any ((select private.report_accounts())::uuid[]));
grant select (id, name, environment, alpaca_account_number, is_active, created_at) on app.user_accounts to paddock_report;

create trigger begin_token before insert on private.api_tokens for each row execute function private.begin_token();
create trigger keep_token_accounts after insert on private.token_accounts
  referencing new table as changed for each statement execute function private.keep_token_accounts();
create trigger forget_token_accounts after delete on private.token_accounts
  referencing old table as changed for each statement execute function private.keep_token_accounts();
create trigger keep_disabled_tokens after insert or delete on auth.disabled_users
  for each row execute function private.keep_disabled_tokens();
create trigger record_account_change after update or delete on app.user_accounts
  for each row execute function private.record_account_change();

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger record_account_change on app.user_accounts;
drop trigger keep_disabled_tokens on auth.disabled_users;
drop trigger forget_token_accounts on private.token_accounts;
drop trigger keep_token_accounts on private.token_accounts;
drop trigger begin_token on private.api_tokens;
drop policy report_reads on app.user_accounts;
drop policy app_reads on app.user_accounts; -- it reads the grants
drop policy app_reads on app.account_grants;
reset role;
set local role paddock_gate;
drop function private.revoke_invitation, private.take_invitation, private.look_at_invitation, private.list_invitations,
  private.make_grant_invitation, private.open_invitation, private.list_own_grants, private.end_standing_grant, private.give_standing_grant,
  private.put_standing_grant, private.list_grants, private.transfer_account, private.end_grant, private.change_grant, private.give_grant,
  private.leave_ownership, private.pass_account, private.put_grant, private.user_to_share_with, private.lock_sharing;
drop function private.note_token_uses, private.current_token, private.list_tokens, private.revoke_token, private.make_token, private.wider_than,
  private.reach, private.token_path, private.token_id, private.keep_disabled_tokens, private.keep_token_accounts, private.begin_token,
  private.token_scopes_for_role, private.sign_in_holds;
drop function private.revoke_report, private.grant_report, private.report_accounts, private.record_account_change,
  private.create_account, private.apply_standing_grants, private.admit, private.sign_in, private.token_sign_in, private.session_sign_in, private.usable_grants;
reset role;
set local role paddock_owner;
drop table private.address_tries, private.invitation_accounts, private.invitations, private.standing_grants,
  private.token_accounts, private.api_tokens, private.report_grants, app.account_grants, app.user_accounts;
reset role;
