-- Sleeves: parts of an account with cash of their own, for an agent, a strategy or a
-- person. What a sleeve has follows from its transfers and from the round trips of the
-- orders that name it; what belongs to no sleeve is unassigned.

set local role paddock_owner;

create table app.sleeves (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  name text not null check (char_length(name) between 1 and 80),
  switch text not null default 'open' check (switch in ('open', 'reduce_only', 'halted')),
  -- NULL is no limit.
  max_order_notional numeric check (max_order_notional >= 0),
  max_position_notional numeric check (max_position_notional >= 0),
  allowed_symbols text[] check (array_length(allowed_symbols, 1) <= 500),
  -- How far its profit may fall below highest_pl.
  max_drawdown numeric check (max_drawdown >= 0),
  -- Above what worth an order of its that opens something waits for a person's word.
  approval_above numeric,
  -- Sums: what was moved in less what was moved out (private.move_cash); what its trades
  -- brought in less what they and their fees cost, and profit before fees (both by the
  -- trigger on round trips).
  transferred numeric not null default 0,
  traded numeric not null default 0,
  fees numeric not null default 0,
  realized_pl numeric not null default 0,
  cash numeric not null generated always as (transferred + traded) stored,
  -- The highest of traded and what its positions were worth together, since the owner last
  -- reset it (private.raise_sleeve_marks): its high-water mark, less what was moved in, so
  -- that no transfer looks like profit or loss. NULL: it begins with the next prices.
  highest_pl numeric default 0,
  made_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  closed_at timestamptz,  -- it was empty, and takes no order and no cash any more
  primary key (account_id, id),
  constraint sleeves_bounded check (app.is_amount(max_order_notional) and app.is_amount(max_position_notional) and app.is_amount(approval_above) and approval_above >= 0 and app.is_amount(transferred)
    and app.is_amount(max_drawdown) and app.is_amount(highest_pl) and app.is_amount(traded) and app.is_amount(fees) and app.is_amount(realized_pl) and app.is_amount(cash))
);
comment on table app.sleeves is 'Parts of accounts with cash and positions of their own. What belongs to none of them is unassigned.';
create unique index sleeves_name_idx on app.sleeves (account_id, name) where closed_at is null;
alter table app.sleeves enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column name set statistics 0,
  alter column max_order_notional set statistics 0, alter column max_position_notional set statistics 0,
  alter column allowed_symbols set statistics 0, alter column approval_above set statistics 0, alter column max_drawdown set statistics 0, alter column highest_pl set statistics 0, alter column transferred set statistics 0, alter column traded set statistics 0,
  alter column fees set statistics 0, alter column realized_pl set statistics 0, alter column cash set statistics 0,
  alter column made_by set statistics 0;
-- As the guards: whoever is admitted sees them, because an order passes where there is
-- no row.
create policy app_reads on app.sleeves for select to paddock_app using (account_id = (select private.account_id()));
grant select on app.sleeves to paddock_app;
create policy worker_reads on app.sleeves for select to paddock_worker using (account_id = (select private.account_id('work')));
grant select on app.sleeves to paddock_worker;
create policy gate_all on app.sleeves to paddock_gate using (true) with check (true);
grant select, insert (account_id, id, name, switch, max_order_notional, max_position_notional, allowed_symbols, approval_above, max_drawdown, made_by),
  update (name, switch, max_order_notional, max_position_notional, allowed_symbols, approval_above, max_drawdown, highest_pl, transferred, traded, fees, realized_pl, updated_at, closed_at)
  on app.sleeves to paddock_gate;
create policy report_reads on app.sleeves for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, id, name, switch, max_order_notional, max_position_notional, transferred, traded, fees, realized_pl, cash, created_at, closed_at)
  on app.sleeves to paddock_report;

-- Cash that was moved between sleeves, or between one and what is unassigned (NULL).
create table app.sleeve_transfers (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  from_sleeve_id uuid,
  to_sleeve_id uuid,
  amount numeric not null,
  note text check (char_length(note) between 1 and 500),
  made_by text not null,
  made_at timestamptz not null default clock_timestamp(),
  idempotency_key text check (char_length(idempotency_key) between 1 and 255),
  primary key (account_id, id),
  unique (account_id, idempotency_key),
  foreign key (account_id, from_sleeve_id) references app.sleeves (account_id, id),
  foreign key (account_id, to_sleeve_id) references app.sleeves (account_id, id),
  check (from_sleeve_id is distinct from to_sleeve_id),
  constraint sleeve_transfers_bounded check (amount > 0 and app.is_amount(amount))
);
comment on table app.sleeve_transfers is 'Cash that was moved into a sleeve, out of one, or from one to another.';
create index sleeve_transfers_newest_idx on app.sleeve_transfers (account_id, made_at desc, id desc);
create index sleeve_transfers_from_idx on app.sleeve_transfers (account_id, from_sleeve_id);
create index sleeve_transfers_to_idx on app.sleeve_transfers (account_id, to_sleeve_id);
alter table app.sleeve_transfers enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column from_sleeve_id set statistics 0,
  alter column to_sleeve_id set statistics 0, alter column amount set statistics 0, alter column note set statistics 0,
  alter column made_by set statistics 0, alter column idempotency_key set statistics 0;
create policy app_reads on app.sleeve_transfers for select to paddock_app using (account_id = (select private.account_id('read')));
grant select on app.sleeve_transfers to paddock_app;
create policy gate_all on app.sleeve_transfers to paddock_gate using (true) with check (true);
grant select, insert (account_id, id, from_sleeve_id, to_sleeve_id, amount, note, made_by, idempotency_key) on app.sleeve_transfers to paddock_gate;
create policy report_reads on app.sleeve_transfers for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, id, from_sleeve_id, to_sleeve_id, amount, note, made_at) on app.sleeve_transfers to paddock_report;

-- No index of orders begins so: an order's sleeve is looked up by its key, and a sleeve
-- is never deleted but with its account.
alter table app.alpaca_orders add foreign key (account_id, sleeve_id) references app.sleeves (account_id, id);
alter table private.token_accounts add foreign key (account_id, sleeve_id) references app.sleeves (account_id, id);
create index alpaca_orders_sleeve_idx on app.alpaca_orders (account_id, sleeve_id, created_at desc, id desc) where sleeve_id is not null;
create index alpaca_orders_sleeve_unbooked_idx on app.alpaca_orders (account_id, sleeve_id)
  where sleeve_id is not null and (is_open or fills_differ);

-- For portfolios (private.portfolio), for the cash that there is to move (private.move_cash), and for what a sleeve that is
-- to be closed still has.
create policy gate_reads on app.account_balances for select to paddock_gate using (true);
grant select (account_id, equity, last_equity, cash, as_of) on app.account_balances to paddock_gate;
create policy gate_reads on app.fills for select to paddock_gate using (true);
grant select (account_id, side, qty, price, multiplier, at, recorded_at, state) on app.fills to paddock_gate;
create policy gate_reads on app.trading_positions for select to paddock_gate using (true);
-- And for exercises, whose shares are to be paid (app.reserved_cash).
create policy gate_reads on app.exercises for select to paddock_gate using (true);
grant select (account_id, contract, side, qty, price, state, requested_at) on app.exercises to paddock_gate;
-- And for what its positions are worth (private.raise_sleeve_marks).
grant select (account_id, scope, scope_value, closed_at, symbol, direction, multiplier, entry_qty, exit_qty) on app.trading_positions to paddock_gate;
create policy gate_reads on app.round_trips_due for select to paddock_gate using (true);
grant select (account_id) on app.round_trips_due to paddock_gate;
grant select (sleeve_id, sleeve_cost, fills_qty, fills_differ) on app.alpaca_orders to paddock_gate;

-- What is booked to a sleeve, and what an order may take.
{{ template "func/016/held_in_sleeves.sql" . }}
{{ template "func/016/order_cost.sql" . }}
{{ template "func/016/reserved_cash.sql" . }}
{{ template "func/016/account_cash.sql" . }}
{{ template "func/016/sleeve_worth.sql" . }}
grant execute on function app.held_in_sleeves, app.order_cost, app.reserved_cash, app.sleeve_worth to paddock_app, paddock_worker;
grant execute on function app.reserved_cash, app.sleeve_worth to paddock_gate;
grant execute on function app.order_cost to paddock_recorder;
grant execute on function app.account_cash to paddock_app, paddock_gate;
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/016/token_sleeve.sql" . }}
{{ template "func/016/book_round_trip.sql" . }}
{{ template "func/016/make_sleeve.sql" . }}
{{ template "func/016/change_sleeve.sql" . }}
{{ template "func/016/move_cash.sql" . }}
{{ template "func/016/close_sleeve.sql" . }}
{{ template "func/016/raise_sleeve_marks.sql" . }}
{{ template "func/016/reset_sleeve_mark.sql" . }}
grant execute on function private.token_sleeve to paddock_app, paddock_worker;
grant execute on function private.make_sleeve, private.change_sleeve, private.move_cash, private.close_sleeve, private.reset_sleeve_mark to paddock_app;
grant execute on function private.raise_sleeve_marks to paddock_worker, paddock_recorder;
grant execute on function private.book_round_trip to paddock_owner;
comment on function private.token_sleeve is 'The sleeve in which the API token of this admission trades on its account.';
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
{{ template "func/016/in_sleeve.sql" . }}
{{ template "func/016/check_sleeve.sql" . }}
{{ template "func/016/sleeves_json.sql" . }}
{{ template "func/016/budget_json.sql" . }}
grant execute on function app.in_sleeve, app.check_sleeve to paddock_app, paddock_worker;
grant execute on function app.sleeves_json, app.budget_json to paddock_app;
comment on function app.check_sleeve is 'What the sleeves of an account say of an order.';
comment on function app.sleeves_json is 'An account''s sleeves as the API shows them, and what belongs to none.';
comment on function app.budget_json is 'What the admitted user or API token may still do on an account.';

create trigger book_round_trip after insert or update on app.trading_positions
  for each row when (new.scope = 'sleeve') execute function private.book_round_trip();
create trigger unbook_round_trip after delete on app.trading_positions
  for each row when (old.scope = 'sleeve') execute function private.book_round_trip();
create trigger note_change after insert or update or delete on app.sleeves for each row execute function private.note_change();

{{ template "view/016/sleeves.sql" . }}
{{ template "view/016/sleeve_transfers.sql" . }}

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop view report.sleeve_transfers, report.sleeves;
drop trigger note_change on app.sleeves;
drop trigger unbook_round_trip on app.trading_positions;
drop trigger book_round_trip on app.trading_positions;
drop function app.budget_json, app.sleeves_json, app.check_sleeve, app.in_sleeve;
reset role;
set local role paddock_gate;
drop function private.reset_sleeve_mark, private.raise_sleeve_marks, private.close_sleeve, private.move_cash, private.change_sleeve, private.make_sleeve, private.book_round_trip, private.token_sleeve;
reset role;
set local role paddock_owner;
drop function app.sleeve_worth, app.account_cash, app.reserved_cash, app.order_cost, app.held_in_sleeves;
drop index app.alpaca_orders_sleeve_unbooked_idx, app.alpaca_orders_sleeve_idx;
revoke select (sleeve_id, sleeve_cost, fills_qty, fills_differ) on app.alpaca_orders from paddock_gate;
revoke select (account_id, contract, side, qty, price, state, requested_at) on app.exercises from paddock_gate;
drop policy gate_reads on app.exercises;
revoke select (account_id) on app.round_trips_due from paddock_gate;
drop policy gate_reads on app.round_trips_due;
revoke select (account_id, scope, scope_value, closed_at, symbol, direction, multiplier, entry_qty, exit_qty) on app.trading_positions from paddock_gate;
drop policy gate_reads on app.trading_positions;
revoke select (account_id, side, qty, price, multiplier, at, recorded_at, state) on app.fills from paddock_gate;
drop policy gate_reads on app.fills;
revoke select (account_id, equity, last_equity, cash, as_of) on app.account_balances from paddock_gate;
drop policy gate_reads on app.account_balances;
alter table private.token_accounts drop constraint token_accounts_account_id_sleeve_id_fkey;
alter table app.alpaca_orders drop constraint alpaca_orders_account_id_sleeve_id_fkey;
drop table app.sleeve_transfers, app.sleeves;
reset role;
