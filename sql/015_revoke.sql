-- Nothing may block a revocation: no transaction that changes something rings.

set local role paddock_owner;
drop trigger access_changed on app.account_grants;
drop trigger access_shortened on auth.session;
drop trigger access_changed on auth.session;
drop trigger ring_for_others on app.account_events;
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.access_changed();
drop function private.ring_for_others();
drop function private.ring(uuid[]);
{{ template "func/ring.sql" . }}
grant execute on function private.ring(uuid[]) to paddock_worker;
{{ template "func/admit.sql" . }}
{{ template "func/admit_worker.sql" . }}
reset role;
revoke create on schema private from paddock_gate;

-- A split comes in two entries, and a fee may have a day and no time.
set local role paddock_owner;
alter table app.journal_adjustments
  add column sub_type text,
  add column day date,         -- the broker's, which is New York's
  add column split_of text collate "C";  -- of a split's entries, the first of the same split
alter table app.journal_adjustments no force row level security;
update app.journal_adjustments set day = (at at time zone 'America/New_York')::date,
  split_of = case when kind = 'SPLIT' and not canceled then (select min(g.activity_id) from app.journal_adjustments g
    where g.account_id = journal_adjustments.account_id and g.symbol = journal_adjustments.symbol and g.kind = 'SPLIT' and not g.canceled
      and g.at = journal_adjustments.at and g.group_id is not distinct from journal_adjustments.group_id) end;
alter table app.journal_adjustments force row level security;
alter table app.journal_adjustments alter column day set not null,
  alter column sub_type set statistics 0, alter column day set statistics 0, alter column split_of set statistics 0;
grant update (split_of) on app.journal_adjustments to paddock_worker;
{{ template "func/activity_at.sql" . }}
{{ template "func/pair_splits.sql" . }}
{{ template "func/rejournal_scope.sql" . }}
{{ template "func/record_adjustments.sql" . }}
grant execute on function app.activity_at(jsonb), app.pair_splits(uuid, text) to paddock_worker;

-- Where the journal and the broker hold different quantities: no profit is shown
-- of the round trips that were open then, or came later.
create table app.journal_gaps (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  symbol text not null,
  journal_qty numeric not null,
  broker_qty numeric not null check (broker_qty <> journal_qty),
  trips_since timestamptz not null,
  told_gap numeric, -- the difference that the account's log was told of
  since timestamptz not null default clock_timestamp(),
  primary key (account_id, symbol)
);
alter table app.journal_gaps
  alter column account_id set statistics 0, alter column symbol set statistics 0, alter column journal_qty set statistics 0,
  alter column broker_qty set statistics 0, alter column told_gap set statistics 0;
alter table app.journal_gaps enable row level security, force row level security;
create policy app_reads on app.journal_gaps for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_all on app.journal_gaps to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
create policy report_reads on app.journal_gaps for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select on app.journal_gaps to paddock_app;
grant select, insert, delete, update (journal_qty, broker_qty, trips_since, told_gap) on app.journal_gaps to paddock_worker;
grant select (account_id, symbol, journal_qty, broker_qty, trips_since, since) on app.journal_gaps to paddock_report;
alter table app.account_events drop constraint account_events_kind_check;
alter table app.account_events add constraint account_events_kind_check
  check (kind in ('order', 'position', 'agent_log', 'account', 'credentials', 'guard', 'journal'));
{{ template "func/journal_against_mirror.sql" . }}
{{ template "func/compare_journal.sql" . }}
grant execute on function app.journal_against_mirror(uuid), app.compare_journal(uuid) to paddock_worker;
create or replace view report.trading_positions with (security_invoker = true, security_barrier = true) as
  select t.account_id, t.id as trading_position_id, t.scope, nullif(t.scope_value, '') as scope_value, t.symbol, t.asset_class, t.multiplier,
    t.direction, t.opened_at, t.closed_at, t.entry_qty - t.exit_qty as qty, t.max_qty, t.entry_qty, t.entry_notional, t.exit_qty,
    t.exit_notional, t.held_cost, t.fills, t.entry_notional / t.entry_qty as avg_entry_price,
    t.exit_notional / nullif(t.exit_qty, 0) as avg_exit_price, t.held_cost / nullif(t.entry_qty - t.exit_qty, 0) as avg_held_price,
    case when g.symbol is null then t.realized_pl end as realized_pl, t.fees,
    case when g.symbol is null then t.realized_pl - t.fees end as net_pl, g.symbol is null as complete
  from app.trading_positions t
  left join app.journal_gaps g on g.account_id = t.account_id and g.symbol = t.symbol and coalesce(t.closed_at, 'infinity') >= g.trips_since;
create view report.journal_gaps with (security_invoker = true, security_barrier = true) as
  select account_id, symbol, journal_qty, broker_qty, trips_since, since from app.journal_gaps;
grant select on report.journal_gaps to paddock_report;
reset role;

-- Forgetting an account or its keys asks what becomes of its open orders.
set local role paddock_owner;
grant select (id, client_order_id, symbol, side, type, qty, notional, status) on app.alpaca_orders to paddock_gate;
revoke delete on app.user_accounts from paddock_app;
drop policy app_deletes on app.user_accounts;
grant delete on app.user_accounts to paddock_gate;
reset role;
grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.delete_credentials();
{{ template "func/orders_in_the_way.sql" . }}
{{ template "func/delete_account.sql" . }}
{{ template "func/delete_credentials.sql" . }}
grant execute on function private.delete_account(text), private.delete_credentials(text) to paddock_app;
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.delete_credentials(text);
drop function private.delete_account(text);
drop function private.orders_in_the_way(uuid, text);
{{ template "func/old/delete_credentials_1.sql" . }}
grant execute on function private.delete_credentials() to paddock_app;
reset role;
revoke create on schema private from paddock_gate;
set local role paddock_owner;
revoke delete on app.user_accounts from paddock_gate;
create policy app_deletes on app.user_accounts for delete to paddock_app
  using (id = (select private.account_id('manage')));
grant delete on app.user_accounts to paddock_app;
revoke select (id, client_order_id, symbol, side, type, qty, notional, status) on app.alpaca_orders from paddock_gate;
reset role;

set local role paddock_owner;
drop view report.journal_gaps, report.trading_positions;
create view report.trading_positions with (security_invoker = true, security_barrier = true) as
  select account_id, id as trading_position_id, scope, nullif(scope_value, '') as scope_value, symbol, asset_class, multiplier, direction,
    opened_at, closed_at, entry_qty - exit_qty as qty, max_qty, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, fills,
    entry_notional / entry_qty as avg_entry_price, exit_notional / nullif(exit_qty, 0) as avg_exit_price,
    held_cost / nullif(entry_qty - exit_qty, 0) as avg_held_price, realized_pl, fees, realized_pl - fees as net_pl
  from app.trading_positions;
grant select on report.trading_positions to paddock_report;
drop function app.compare_journal(uuid);
drop function app.journal_against_mirror(uuid);
drop table app.journal_gaps;
-- The log keeps its numbers, without gaps.
alter table app.account_events no force row level security;
update app.account_events set kind = 'account' where kind = 'journal';
alter table app.account_events force row level security;
alter table app.account_events drop constraint account_events_kind_check;
alter table app.account_events add constraint account_events_kind_check
  check (kind in ('order', 'position', 'agent_log', 'account', 'credentials', 'guard'));
{{ template "func/old/record_adjustments_1.sql" . }}
{{ template "func/old/rejournal_scope_1.sql" . }}
drop function app.pair_splits(uuid, text);
drop function app.activity_at(jsonb);
alter table app.journal_adjustments drop column split_of, drop column day, drop column sub_type;
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/old/admit_worker_1.sql" . }}
{{ template "func/old/admit_1.sql" . }}
drop function private.ring(uuid[]);
{{ template "func/old/ring_2.sql" . }}
grant execute on function private.ring(uuid[]) to paddock_app, paddock_worker;
{{ template "func/old/ring_for_others_1.sql" . }}
{{ template "func/old/access_changed_1.sql" . }}
grant execute on function private.ring_for_others(), private.access_changed() to paddock_owner;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
create trigger ring_for_others after insert on app.account_events
  for each statement execute function private.ring_for_others();
create trigger access_changed after delete on auth.session
  for each row execute function private.access_changed();
create trigger access_shortened after update on auth.session
  for each row when (new."expiresAt" < old."expiresAt" or new.token <> old.token) execute function private.access_changed();
create trigger access_changed after update or delete on app.account_grants
  for each row execute function private.access_changed();
reset role;
