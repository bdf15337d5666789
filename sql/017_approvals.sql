-- Approvals: what waits for a person's word before it is done. An order that the guards
-- let through only with one is a job of the state pending_approval, and its approval has
-- the job's id. A change that lets more through on an account with four eyes has an
-- approval of its own, and is made by asking for it again.

set local role paddock_owner;

create table app.approvals (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null,
  kind text not null check (kind in ('order', 'guards', 'switch', 'sleeve', 'cash', 'grant', 'credentials')),
  -- used: the order is at the broker, or the change was made. failed: there was a word for
  -- the order, and it was refused all the same. void: it changed, or its price did.
  state text not null default 'pending'
    check (state in ('pending', 'approved', 'used', 'refused', 'expired', 'withdrawn', 'void', 'failed')),
  request jsonb not null,                  -- what is to be done, whole
  digest bytea not null check (octet_length(digest) = 32),  -- of all that a word is given for (private.approval_digest)
  reason text check (char_length(reason) between 1 and 500),
  proposed_by text not null,
  token_id uuid,                           -- the API token that proposed it
  client_order_id text,
  idempotency_key text,
  above numeric,                           -- what the limit was
  worth numeric,                           -- of the order, when it was proposed
  prices jsonb check (jsonb_typeof(prices) = 'object'),  -- at that time, by symbol
  needed integer not null check (needed between 1 and 10),  -- how many people must approve
  four_eyes boolean not null,              -- nobody may whose order it is, or whose token's
  proposed_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,         -- it is void then, whatever was said
  decided_at timestamptz,
  primary key (account_id, id),
  check ((decided_at is null) = (state = 'pending')),
  check (kind <> 'order' or prices is not null and worth is not null and above is not null),
  constraint approvals_bounded check (app.json_size(request) <= 262144 and app.json_size(prices) <= 262144 and app.are_amounts(array[above, worth]))
);
comment on table app.approvals is 'What waits, or waited, for a person''s word before it is done.';
create index approvals_newest_idx on app.approvals (account_id, proposed_at desc, id desc);
create index approvals_pending_idx on app.approvals (account_id, expires_at) where state in ('pending', 'approved');
create index approvals_key_idx on app.approvals (account_id, idempotency_key) where idempotency_key is not null;
create index approvals_client_order_id_idx on app.approvals (account_id, client_order_id) where client_order_id is not null;
alter table app.approvals enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column request set statistics 0,
  alter column digest set statistics 0, alter column reason set statistics 0, alter column proposed_by set statistics 0,
  alter column token_id set statistics 0, alter column client_order_id set statistics 0, alter column idempotency_key set statistics 0,
  alter column above set statistics 0, alter column worth set statistics 0, alter column prices set statistics 0;
create policy app_reads on app.approvals for select to paddock_app using (account_id = (select private.account_id('read')));
grant select on app.approvals to paddock_app;
create policy gate_all on app.approvals to paddock_gate using (true) with check (true);
grant select, insert (account_id, id, kind, request, digest, reason, proposed_by, token_id, client_order_id, idempotency_key, above, worth, prices,
  needed, four_eyes, expires_at), update (state, decided_at) on app.approvals to paddock_gate;
create policy report_reads on app.approvals for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, id, kind, state, reason, token_id, worth, needed, proposed_at, expires_at, decided_at) on app.approvals to paddock_report;

-- Who said what of an approval. Nobody takes a word back: who has approved may refuse
-- what is not sent yet.
create table app.approval_words (
  account_id uuid not null,
  approval_id uuid not null,
  user_id text not null,
  word text not null check (word in ('approve', 'refuse')),
  digest bytea not null check (octet_length(digest) = 32),  -- of what the user saw
  -- By how much of a hundred a price may have moved since it was proposed, either way.
  max_price_move numeric not null check (max_price_move between 0 and 100),
  note text check (char_length(note) between 1 and 500),
  said_at timestamptz not null default clock_timestamp(),
  primary key (account_id, approval_id, user_id, word),
  foreign key (account_id, approval_id) references app.approvals (account_id, id) on delete cascade,
  foreign key (account_id) references app.user_accounts (id) on delete cascade,
  constraint approval_words_bounded check (app.is_amount(max_price_move))
);
comment on table app.approval_words is 'What each person said of an approval.';
alter table app.approval_words enable row level security, force row level security,
  alter column account_id set statistics 0, alter column approval_id set statistics 0, alter column user_id set statistics 0,
  alter column digest set statistics 0, alter column max_price_move set statistics 0, alter column note set statistics 0;
create policy app_reads on app.approval_words for select to paddock_app using (account_id = (select private.account_id('read')));
grant select on app.approval_words to paddock_app;
create policy gate_all on app.approval_words to paddock_gate using (true) with check (true);
grant select, insert (account_id, approval_id, user_id, word, digest, max_price_move, note) on app.approval_words to paddock_gate;

grant insert (seq, idempotency_key, client_order_id, asked_by, session_id, origin) on app.jobs to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/017/approval_names.sql" . }}
grant execute on function private.approval_names to paddock_app;
reset role;

set local role paddock_owner;
{{ template "func/017/approval_json.sql" . }}
grant execute on function app.approval_json to paddock_app, paddock_gate;
reset role;

set local role paddock_gate;
{{ template "func/017/job_id.sql" . }}
{{ template "func/017/approval_digest.sql" . }}
{{ template "func/017/may_approve.sql" . }}
{{ template "func/017/has_approval.sql" . }}
{{ template "func/017/make_approval.sql" . }}
{{ template "func/017/propose_order.sql" . }}
{{ template "func/017/propose_change.sql" . }}
{{ template "func/017/require_approval.sql" . }}
{{ template "func/017/use_approval.sql" . }}
{{ template "func/017/give_word.sql" . }}
{{ template "func/017/end_approval.sql" . }}
{{ template "func/017/expire_approvals.sql" . }}
grant execute on function private.propose_order, private.propose_change, private.use_approval, private.give_word to paddock_app;
grant execute on function private.end_approval to paddock_owner;
grant execute on function private.expire_approvals to paddock_worker;
comment on function private.propose_order is 'Lets a job of an order that needs a person''s word wait for it.';
comment on function private.give_word is 'Records that the admitted user approves, or refuses, what waits for it.';
comment on function private.expire_approvals is 'Ends approvals of one account that nobody has given in time.';
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
create trigger end_approval after update of state on app.jobs
  for each row when (old.ended_at is null and new.ended_at is not null) execute function private.end_approval();
create trigger note_change after insert or update on app.approvals for each row execute function private.note_change();
{{ template "view/017/approvals.sql" . }}
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop view report.approvals;
drop trigger note_change on app.approvals;
drop trigger end_approval on app.jobs;
reset role;
set local role paddock_gate;
drop function private.expire_approvals, private.end_approval, private.give_word, private.use_approval, private.require_approval,
  private.propose_change, private.propose_order, private.make_approval, private.has_approval, private.may_approve, private.approval_digest, private.job_id;
reset role;
set local role paddock_owner;
revoke insert (seq, idempotency_key, client_order_id, asked_by, session_id, origin) on app.jobs from paddock_gate;
drop function app.approval_json;
reset role;
set local role paddock_gate;
drop function private.approval_names;
reset role;
set local role paddock_owner;
drop table app.approval_words, app.approvals;
reset role;
