-- Copying: what an account orders (the leader's) is ordered on others (the followers') as
-- well, scaled. A leader's owner offers it, and gives a code to whom they like; a follower's
-- owner consents by the code and an API token of theirs, whose limits bound every copy and
-- whose end ends it. Leader and follower see nothing of one another but what is copied.
--
-- The leader's orders note what is to be copied, and lock nothing of a follower's
-- (private.note_led_order). From there each copy is made by itself, one transaction for each
-- (private.make_copy), as a job of the follower's that is sent like others.

set local role paddock_owner;

create table private.copy_offers (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null,
  name text not null check (name = btrim(name) and char_length(name) between 1 and 80),  -- what followers see
  digest bytea not null check (octet_length(digest) = 32),  -- SHA-256 of the code
  made_by text not null,
  made_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  turns bigint not null default 0,  -- how many orders were copied: who comes first is another follower each time
  primary key (account_id, id)
);
comment on table private.copy_offers is 'Which accounts'' orders may be copied by who has the code.';
create unique index copy_offers_one_idx on private.copy_offers (account_id) where ended_at is null;
create unique index copy_offers_digest_idx on private.copy_offers (digest);
alter table private.copy_offers enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column name set statistics 0,
  alter column digest set statistics 0, alter column made_by set statistics 0;
create policy gate_all on private.copy_offers to paddock_gate using (true) with check (true);
grant select, insert (account_id, id, name, digest, made_by), update (ended_at, turns) on private.copy_offers to paddock_gate;

create table private.copy_follows (
  account_id uuid not null references app.user_accounts (id) on delete cascade,  -- the follower's
  id uuid not null,
  leader_id uuid not null check (leader_id <> account_id),
  offer_id uuid not null,
  user_id text not null references auth."user" (id) on delete cascade,  -- who consented
  token_id uuid not null references private.api_tokens (id) on delete cascade,  -- whose limits bound each copy
  ratio numeric not null,
  made_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  ended_by text check (ended_by in ('follower', 'leader', 'token')),
  primary key (account_id, id),
  foreign key (leader_id, offer_id) references private.copy_offers (account_id, id) on delete cascade,
  check ((ended_at is null) = (ended_by is null)),
  constraint copy_follows_bounded check (app.is_amount(ratio) and ratio > 0 and ratio <= 1000)
);
comment on table private.copy_follows is 'Which account follows which, by whose consent, and at which scale.';
create unique index copy_follows_once_idx on private.copy_follows (account_id, leader_id) where ended_at is null;
create unique index copy_follows_token_idx on private.copy_follows (token_id) where ended_at is null;
create index copy_follows_leader_idx on private.copy_follows (leader_id, made_at, id) where ended_at is null;
alter table private.copy_follows enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column leader_id set statistics 0,
  alter column offer_id set statistics 0, alter column token_id set statistics 0, alter column ratio set statistics 0;
create policy gate_all on private.copy_follows to paddock_gate using (true) with check (true);
grant select, insert (account_id, id, leader_id, offer_id, user_id, token_id, ratio), update (ended_at, ended_by) on private.copy_follows to paddock_gate;

-- A copy is the follower's row. It has the leader's order and its terms, which nobody but the
-- gate reads, and of the leader otherwise only what is copied.
create table app.copies (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null,                -- of the job that asks for it, and of its order
  follow_id uuid not null,
  led_order_id uuid not null,      -- the leader's order
  action text not null check (action in ('order', 'replace', 'cancel')),
  symbol text,
  side text,
  terms jsonb not null,            -- of the leader's order, with its quantity
  closing boolean not null,        -- for the leader it only made a position smaller
  replaced_id uuid,                -- the leader's order that it replaced
  led_at timestamptz not null default clock_timestamp(),  -- when Alpaca had accepted the leader's
  state text not null default 'waiting' check (state in ('waiting', 'asked', 'done', 'failed', 'canceled', 'skipped')),
  reason text,                     -- why it was skipped, or the code with which it failed
  leader_price numeric,            -- at which the leader's was filled, on average
  leader_filled_at timestamptz,
  settled boolean not null default false,  -- the leader's is over
  primary key (account_id, id),
  -- At most one order of a follower's for each of the leader's, and one cancellation.
  unique (account_id, follow_id, led_order_id, action),
  foreign key (account_id, follow_id) references private.copy_follows (account_id, id) on delete cascade,
  constraint copies_bounded check (app.json_size(terms) <= 262144 and app.is_amount(leader_price))
);
comment on table app.copies is 'What was copied from leaders'' orders, and what became of it.';
create unique index copies_once_idx on app.copies (account_id, follow_id, led_order_id) where action <> 'cancel';
create index copies_newest_idx on app.copies (account_id, led_at desc, id desc);
create index copies_unsettled_idx on app.copies (account_id, follow_id) where not settled;
alter table app.copies enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column follow_id set statistics 0,
  alter column led_order_id set statistics 0, alter column symbol set statistics 0, alter column terms set statistics 0,
  alter column replaced_id set statistics 0, alter column leader_price set statistics 0;
create policy app_reads on app.copies for select to paddock_app using (account_id = (select private.account_id('read')));
grant select (account_id, id, follow_id, action, symbol, side, led_at, state, reason, leader_price, leader_filled_at) on app.copies to paddock_app;
create policy gate_all on app.copies to paddock_gate using (true) with check (true);
grant select, insert (account_id, id, follow_id, led_order_id, action, symbol, side, terms, closing, replaced_id), update (state, reason, leader_price, leader_filled_at, settled)
  on app.copies to paddock_gate;
create policy report_reads on app.copies for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, id, follow_id, action, symbol, side, led_at, state, reason, leader_price, leader_filled_at) on app.copies to paddock_report;

-- Copies that are to be made, in the order of turns.
create table private.due_copies (
  account_id uuid not null,
  copy_id uuid not null,
  leader_id uuid not null,
  seq bigint generated always as identity,
  primary key (account_id, copy_id),
  foreign key (account_id, copy_id) references app.copies (account_id, id) on delete cascade
);
comment on table private.due_copies is 'Copies that are to be made, by their leader.';
create index due_copies_leader_idx on private.due_copies (leader_id, seq);
alter table private.due_copies enable row level security, force row level security,
  alter column account_id set statistics 0, alter column copy_id set statistics 0, alter column leader_id set statistics 0, alter column seq set statistics 0;
create policy gate_all on private.due_copies to paddock_gate using (true) with check (true);
grant select, insert (account_id, copy_id, leader_id), delete on private.due_copies to paddock_gate;

grant execute on function app.held_quantity to paddock_gate;
alter policy gate_wakes on jobs.river_job using (kind in ('jobs', 'destination', 'copies')) with check (kind in ('jobs', 'destination', 'copies'));

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/018/wake_copies.sql" . }}
{{ template "func/018/wake_due_copies.sql" . }}
{{ template "func/018/note_led_order.sql" . }}
{{ template "func/018/enter_follower.sql" . }}
{{ template "func/018/make_copy.sql" . }}
{{ template "func/018/settle_copies.sql" . }}
{{ template "func/018/end_copy.sql" . }}
{{ template "func/018/make_copy_offer.sql" . }}
{{ template "func/018/end_copy_offer.sql" . }}
{{ template "func/018/follow.sql" . }}
{{ template "func/018/unfollow.sql" . }}
{{ template "func/018/copying_json.sql" . }}
{{ template "func/018/list_led_orders.sql" . }}
grant execute on function private.note_led_order, private.end_copy to paddock_owner;
grant execute on function private.make_copy, private.settle_copies, private.wake_due_copies to paddock_worker;
grant execute on function private.make_copy_offer, private.end_copy_offer, private.follow, private.unfollow, private.copying_json, private.list_led_orders to paddock_app;
comment on function private.make_copy is 'Asks for the next copy of a leader''s order on its follower''s account.';
comment on function private.settle_copies is 'Writes into copies how the leader''s orders were filled.';
comment on function private.make_copy_offer is 'Offers that the admitted account''s orders are copied by who has the code.';
comment on function private.follow is 'Consents, by a code and an API token, to copying a leader''s orders on the admitted account.';
comment on function private.copying_json is 'What the admitted account offers, how many follow it, and whom it follows.';
comment on function private.list_led_orders is 'The admitted account''s orders that were copied, with how the copies went together.';
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
-- Exits and legs are copied with the order that they belong to; what an import brings is old.
create trigger note_led_new after insert on app.alpaca_orders for each row
  when (new.intent_state = 'accepted' and new.parent_alpaca_order_id is null and new.is_open and new.import_id is null and not new.fills_awaited)
  execute function private.note_led_order();
create trigger note_led_accepted after update of intent_state on app.alpaca_orders for each row
  when (new.intent_state = 'accepted' and old.intent_state <> 'accepted' and new.parent_alpaca_order_id is null)
  execute function private.note_led_order();
create trigger note_led_end after update of status on app.alpaca_orders for each row
  when (new.status <> old.status and old.intent_state = 'accepted' and not new.is_open and new.parent_alpaca_order_id is null)
  execute function private.note_led_order();
create trigger end_copy after update of state on app.jobs
  for each row when (old.ended_at is null and new.ended_at is not null) execute function private.end_copy();
{{ template "view/018/copies.sql" . }}
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop view report.copies;
drop trigger end_copy on app.jobs;
drop trigger note_led_end on app.alpaca_orders;
drop trigger note_led_accepted on app.alpaca_orders;
drop trigger note_led_new on app.alpaca_orders;
reset role;
set local role paddock_gate;
drop function private.list_led_orders, private.copying_json, private.unfollow, private.follow, private.end_copy_offer, private.make_copy_offer,
  private.end_copy, private.settle_copies, private.make_copy, private.enter_follower, private.note_led_order, private.wake_due_copies, private.wake_copies;
reset role;
set local role paddock_owner;
delete from jobs.river_job where kind = 'copies';
alter policy gate_wakes on jobs.river_job using (kind in ('jobs', 'destination')) with check (kind in ('jobs', 'destination'));
revoke execute on function app.held_quantity from paddock_gate;
drop table private.due_copies, app.copies, private.copy_follows, private.copy_offers;
reset role;
