-- Guards: the limits of an account, kept and enforced here for people and programs
-- alike. The switch, wind-downs, exercises, and what the limits are measured by.

set local role paddock_owner;

-- One row an account. Without a row there is no limit, and NULL is no limit.
create table app.account_guards (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  -- reduce_only: orders may only make positions smaller.
  switch text not null default 'open' check (switch in ('open', 'reduce_only', 'halted')),
  switch_reason text check (char_length(switch_reason) between 1 and 500),
  max_order_notional numeric check (max_order_notional >= 0),
  max_position_notional numeric check (max_position_notional >= 0),
  max_position_qty numeric check (max_position_qty >= 0),
  max_open_orders integer check (max_open_orders >= 0),
  orders_per_minute integer check (orders_per_minute >= 0),
  orders_per_day integer check (orders_per_day >= 0),
  -- How far the equity may fall below last_equity, the equity at the last close.
  daily_loss_limit numeric check (daily_loss_limit >= 0),
  -- How far the equity may fall below the highest that was read (app.high_water_marks).
  max_drawdown numeric check (max_drawdown >= 0),
  -- After how many refusals in a row the switch is turned to reduce_only.
  max_refusals integer check (max_refusals >= 1),
  -- How old the last heartbeat may be when an order opens something.
  heartbeat_seconds integer check (heartbeat_seconds between 5 and 86400),
  allowed_symbols text[] check (array_length(allowed_symbols, 1) <= 500),
  allowed_sides text[] check (allowed_sides <@ array['buy', 'sell']),
  -- A closing can trade more than is left, if something else fills at the broker
  -- between our look at the position and the order. If this is true, what the
  -- closing opened so is traded back.
  buy_back_overshoot boolean not null default false,
  -- Above what worth an order that opens something waits for a person's word
  -- (app.approvals); 0: each does. Without four_eyes it is for orders of API tokens alone.
  approval_above numeric,
  approvals_needed integer check (approvals_needed between 1 and 10),  -- of so many people; NULL: of one
  approval_seconds integer check (approval_seconds between 60 and 604800),  -- how long it waits; NULL: an hour
  -- Orders of people wait as well, and nobody approves what they, or an API token of
  -- theirs, asked for. A change that lets more through takes another's word, too.
  four_eyes boolean not null default false,
  updated_by text,
  updated_at timestamptz not null default now(),
  constraint account_guards_bounded check (app.is_amount(max_order_notional) and app.is_amount(max_position_notional)
    and app.is_amount(max_position_qty) and app.is_amount(daily_loss_limit) and app.is_amount(max_drawdown) and app.is_amount(approval_above) and approval_above >= 0)
);
comment on table app.account_guards is 'The switch and the limits of each account. An account without a row has no limit, and a column that is null is no limit.';
alter table app.account_guards enable row level security, force row level security,
  alter column account_id set statistics 0, alter column switch_reason set statistics 0, alter column max_order_notional set statistics 0,
  alter column max_position_notional set statistics 0, alter column max_position_qty set statistics 0,
  alter column max_open_orders set statistics 0, alter column orders_per_minute set statistics 0, alter column orders_per_day set statistics 0,
  alter column daily_loss_limit set statistics 0, alter column max_drawdown set statistics 0, alter column max_refusals set statistics 0,
  alter column heartbeat_seconds set statistics 0, alter column allowed_symbols set statistics 0, alter column allowed_sides set statistics 0,
  alter column approval_above set statistics 0, alter column updated_by set statistics 0;
-- Whoever is admitted sees the guards, whatever scopes they have, because an order
-- passes if there is no row. Only set_guards and set_switch write them.
create policy app_reads on app.account_guards for select to paddock_app
  using (account_id = (select private.account_id()));
grant select on app.account_guards to paddock_app;
-- The guards check the worker's closings as they check everybody's orders.
create policy worker_reads on app.account_guards for select to paddock_worker using (account_id = (select private.account_id('work')));
grant select on app.account_guards to paddock_worker;
create policy gate_all on app.account_guards to paddock_gate using (true) with check (true);
grant select, insert (account_id, switch, switch_reason, max_order_notional, max_position_notional, max_position_qty,
    max_open_orders, orders_per_minute, orders_per_day, daily_loss_limit, max_drawdown, max_refusals, heartbeat_seconds, allowed_symbols, allowed_sides, buy_back_overshoot,
    approval_above, approvals_needed, approval_seconds, four_eyes, updated_by),
  update (switch, switch_reason, max_order_notional, max_position_notional, max_position_qty, max_open_orders, orders_per_minute,
    orders_per_day, daily_loss_limit, max_drawdown, max_refusals, heartbeat_seconds, allowed_symbols, allowed_sides, buy_back_overshoot,
    approval_above, approvals_needed, approval_seconds, four_eyes, updated_by, updated_at) on app.account_guards to paddock_gate;

-- How many orders were sent from here, by days in New York: a guard bounds them, and
-- would otherwise read all orders of the day for each new one.
create table app.order_counts (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  day date not null,
  sent integer not null check (sent >= 0),
  primary key (account_id, day)
);
comment on table app.order_counts is 'How many orders were sent from here on each of the last days, by New York''s calendar.';
alter table app.order_counts enable row level security, force row level security,
  alter column account_id set statistics 0, alter column sent set statistics 0;
-- As the guards themselves: whoever is admitted sees it, and only a trigger writes it.
create policy app_reads on app.order_counts for select to paddock_app using (account_id = (select private.account_id()));
grant select on app.order_counts to paddock_app;
create policy gate_all on app.order_counts to paddock_gate using (true) with check (true);
grant select, insert (account_id, day, sent), update (sent), delete on app.order_counts to paddock_gate;

-- The same for each API token that answers for an order (alpaca_orders.token_path).
create table private.token_order_counts (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  token_id uuid not null,
  day date not null,
  sent integer not null check (sent >= 0),
  primary key (account_id, token_id, day)
);
comment on table private.token_order_counts is 'How many orders each API token, and those that were made of it, sent on each of the last days, by New York''s calendar.';
alter table private.token_order_counts enable row level security, force row level security;
create policy gate_all on private.token_order_counts to paddock_gate using (true) with check (true);
grant select, insert, update (sent), delete on private.token_order_counts to paddock_gate;

-- When each account, and each API token, had its last heartbeat. Only private.beat
-- writes it. Nobody need be there to notice that one stays away: the guards compare it
-- with the clock at each order.
create table app.heartbeats (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  beaten_at timestamptz not null
);
comment on table app.heartbeats is 'When each account had its last heartbeat.';
alter table app.heartbeats enable row level security, force row level security, alter column account_id set statistics 0;
-- As the guards themselves: whoever is admitted sees it.
create policy app_reads on app.heartbeats for select to paddock_app using (account_id = (select private.account_id()));
grant select on app.heartbeats to paddock_app;
create policy gate_all on app.heartbeats to paddock_gate using (true) with check (true);
grant select, insert (account_id, beaten_at), update (beaten_at) on app.heartbeats to paddock_gate;

create table private.token_heartbeats (
  token_id uuid primary key references private.api_tokens (id) on delete cascade,
  beaten_at timestamptz not null
);
comment on table private.token_heartbeats is 'When each API token sent its last heartbeat.';
alter table private.token_heartbeats enable row level security, force row level security;
create policy gate_all on private.token_heartbeats to paddock_gate using (true) with check (true);
grant select, insert, update (beaten_at) on private.token_heartbeats to paddock_gate;

-- How many orders of an account were refused one after the other, by its guards or by
-- the broker, since the broker last took one (private.count_refusal).
create table app.refusal_runs (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  refusals integer not null check (refusals >= 0)
);
comment on table app.refusal_runs is 'How many orders of each account were refused in a row.';
alter table app.refusal_runs enable row level security, force row level security,
  alter column account_id set statistics 0, alter column refusals set statistics 0;
create policy app_reads on app.refusal_runs for select to paddock_app using (account_id = (select private.account_id()));
grant select on app.refusal_runs to paddock_app;
create policy gate_all on app.refusal_runs to paddock_gate using (true) with check (true);
grant select, insert (account_id, refusals), update (refusals) on app.refusal_runs to paddock_gate;

-- The same for each API token that has such a limit and answers for an order.
create table private.token_refusal_runs (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  token_id uuid not null,
  refusals integer not null check (refusals >= 0),
  stopped_at timestamptz,  -- since when it opens nothing on the account, until a person resets it
  primary key (account_id, token_id)
);
comment on table private.token_refusal_runs is 'How many orders of each API token were refused in a row on each account, and whether that stopped it.';
alter table private.token_refusal_runs enable row level security, force row level security;
create policy gate_all on private.token_refusal_runs to paddock_gate using (true) with check (true);
grant select, insert, update (refusals, stopped_at) on private.token_refusal_runs to paddock_gate;

-- Of which limits it was told that four fifths are used, and on which day last
-- (private.note_use).
create table private.neared_limits (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  what text not null,
  day date not null,
  primary key (account_id, what)
);
comment on table private.neared_limits is 'Of which limits of an account it was told that most of them is used, and on which day last.';
alter table private.neared_limits enable row level security, force row level security;
create policy gate_all on private.neared_limits to paddock_gate using (true) with check (true);
grant select, insert, update (day) on private.neared_limits to paddock_gate;

-- What the account is worth by the broker's figures, for the daily loss limit and the
-- drawdown.
create table app.account_balances (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  equity numeric not null,
  last_equity numeric not null,
  cash numeric,  -- null: the broker's answer had none that could be read
  as_of timestamptz not null,
  constraint account_balances_bounded check (app.is_amount(equity) and app.is_amount(last_equity) and app.is_amount(cash))
);
comment on table app.account_balances is 'What each account is worth, now and at the last close, by the broker''s figures.';
alter table app.account_balances enable row level security, force row level security,
  alter column account_id set statistics 0, alter column equity set statistics 0, alter column last_equity set statistics 0,
  alter column cash set statistics 0;
create policy app_reads on app.account_balances for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.account_balances to paddock_app;
-- Orders and exercises read it from the broker, and guards and sleeves go by it: so it is
-- recorded like everything else that the broker says.
create policy recorder_all on app.account_balances to paddock_recorder
  using (account_id = (select private.account_id('cancel')))
  with check (account_id = (select private.account_id('cancel')));
grant select, insert, update (equity, last_equity, cash, as_of) on app.account_balances to paddock_recorder;

-- The highest equity that account_balances has had since the owner last reset it. A
-- trigger raises it, and no request lowers it but that reset.
create table app.high_water_marks (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  equity numeric,  -- null: nothing was read since the reset
  reached_at timestamptz,
  reset_at timestamptz,
  check ((equity is null) = (reached_at is null)),
  constraint high_water_marks_bounded check (app.is_amount(equity))
);
comment on table app.high_water_marks is 'The highest equity of each account that was read since its owner last reset it.';
alter table app.high_water_marks enable row level security, force row level security,
  alter column account_id set statistics 0, alter column equity set statistics 0;
-- As the guards themselves: whoever is admitted sees it.
create policy app_reads on app.high_water_marks for select to paddock_app using (account_id = (select private.account_id()));
grant select on app.high_water_marks to paddock_app;
create policy gate_all on app.high_water_marks to paddock_gate using (true) with check (true);
grant select, insert (account_id, equity, reached_at, reset_at), update (equity, reached_at, reset_at) on app.high_water_marks to paddock_gate;

-- What account_balances had in each hour, for reports: its last reading of the
-- hour. Nobody writes it but the trigger, so that no request changes the past. An
-- hour in which nothing read the account has no row.
create table app.balance_history (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  hour timestamptz not null check (hour = date_trunc('hour', hour, 'UTC')),
  equity numeric not null,
  last_equity numeric not null,
  cash numeric,
  as_of timestamptz not null,
  primary key (account_id, hour),
  constraint balance_history_bounded check (app.is_amount(equity) and app.is_amount(last_equity) and app.is_amount(cash))
);
comment on table app.balance_history is 'What each account was worth in each hour in which it was read, by the broker''s figures.';
alter table app.balance_history enable row level security, force row level security,
  alter column account_id set statistics 0, alter column equity set statistics 0, alter column last_equity set statistics 0,
  alter column cash set statistics 0;
create policy gate_all on app.balance_history to paddock_gate using (true) with check (true);
grant select, insert, update (equity, last_equity, cash, as_of) on app.balance_history to paddock_gate;
create policy report_reads on app.balance_history for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, hour, equity, last_equity, cash, as_of) on app.balance_history to paddock_report;

-- What is left to do after the switch was turned: open orders to cancel, positions
-- to close. The holder of the account's stream does it under its lease, until
-- nothing is left, or until it is stuck and says what is left and why.
create table app.wind_downs (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  asked_by text,  -- null: Paddock itself, for a repair or an order that appeared late
  idempotency_key text check (char_length(idempotency_key) between 1 and 255),
  request_hash bytea,
  cancel_orders boolean not null default false,
  liquidate boolean not null default false check (cancel_orders or not liquidate),
  suspend_trade boolean,  -- how Alpaca's own switch is set in the end; null leaves it
  -- Intents whose answer was missing when it began, and orders that appeared later.
  on_their_way uuid[] not null default '{}',
  -- What a closing overshot and is to be traded back: below 0 if it is short.
  repair_symbol text,
  repair_qty numeric check (repair_qty <> 0),
  -- stuck: a person must act. superseded: a later turn of the switch ended it.
  state text not null default 'running' check (state in ('running', 'done', 'stuck', 'superseded')),
  needs_keys boolean not null default false,  -- it is stuck because there are no working keys
  message text check (char_length(message) <= 1000),
  -- orders and on_their_way (counts), positions (symbol, qty, and why it is left)
  remaining jsonb not null default '{}' check (jsonb_typeof(remaining) = 'object'),
  canceled_at timestamptz,  -- when all orders were canceled by one call
  asked_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (account_id, id),
  unique (account_id, idempotency_key),
  check ((repair_symbol is null) = (repair_qty is null)),
  check ((state = 'running') = (ended_at is null)),
  constraint wind_downs_bounded check (app.json_size(remaining) <= 16777216 and app.is_amount(repair_qty))
);
comment on table app.wind_downs is 'What is left to do after an account''s switch was turned, and how far it is.';
create unique index wind_downs_running_idx on app.wind_downs (account_id) where state = 'running' and repair_symbol is null;
create index wind_downs_all_running_idx on app.wind_downs (account_id) where state = 'running';
create index wind_downs_newest_idx on app.wind_downs (account_id, asked_at desc);
alter table app.wind_downs enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column asked_by set statistics 0,
  alter column idempotency_key set statistics 0, alter column request_hash set statistics 0, alter column on_their_way set statistics 0,
  alter column repair_symbol set statistics 0, alter column repair_qty set statistics 0, alter column message set statistics 0,
  alter column remaining set statistics 0;
-- Whoever is admitted sees wind-downs, as they see the guards. set_switch begins
-- one, and the worker carries it out.
create policy app_reads on app.wind_downs for select to paddock_app using (account_id = (select private.account_id()));
grant select on app.wind_downs to paddock_app;
create policy worker_all on app.wind_downs to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select, update (state, message, remaining, canceled_at, updated_at, ended_at) on app.wind_downs to paddock_worker;
create policy gate_all on app.wind_downs to paddock_gate using (true) with check (true);
grant select, insert (account_id, asked_by, idempotency_key, request_hash, cancel_orders, liquidate, suspend_trade, on_their_way,
    repair_symbol, repair_qty, state, needs_keys, message, ended_at),
  update (state, needs_keys, message, on_their_way, updated_at, ended_at) on app.wind_downs to paddock_gate;
alter table app.alpaca_orders add foreign key (account_id, wind_down_id) references app.wind_downs (account_id, id);

-- The exercise of an option, as it was asked for. It buys or sells shares, so the
-- guards count it like an order while the contracts are held.
create table app.exercises (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  contract text not null,
  symbol text not null,                                  -- of the underlying
  side text not null check (side in ('buy', 'sell')),    -- a call buys the shares, a put sells them
  qty numeric not null check (qty > 0),                  -- shares
  price numeric not null check (price > 0),              -- the strike
  reference_price numeric,                               -- the market's price
  state text not null default 'asked' check (state in ('asked', 'accepted', 'refused')),
  asked_by text not null,
  requested_at timestamptz not null default clock_timestamp(),
  primary key (account_id, id),
  constraint exercises_bounded check (app.is_amount(qty) and app.is_amount(price) and app.is_amount(reference_price))
);
comment on table app.exercises is 'Exercises of options, as they were asked for. The guards count their shares while the contracts are held.';
create index exercises_symbol_idx on app.exercises (account_id, symbol, requested_at);
alter table app.exercises enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column contract set statistics 0,
  alter column symbol set statistics 0, alter column qty set statistics 0, alter column price set statistics 0,
  alter column reference_price set statistics 0, alter column asked_by set statistics 0;
create policy app_reads on app.exercises for select to paddock_app using (account_id = (select private.account_id('read')));
create policy app_inserts on app.exercises for insert to paddock_app
  with check (account_id = (select private.account_id('trade')) and asked_by = (select private.user_id()));
grant select, insert (account_id, id, contract, symbol, side, qty, price, reference_price, asked_by) on app.exercises to paddock_app;
create policy recorder_all on app.exercises to paddock_recorder
  using (account_id = (select private.account_id('cancel')))
  with check (account_id = (select private.account_id('cancel')));
grant select, update (state) on app.exercises to paddock_recorder;
create policy worker_reads on app.exercises for select to paddock_worker using (account_id = (select private.account_id('work')));
grant select on app.exercises to paddock_worker;

-- What the limits are measured by.
{{ template "func/008/underlying.sql" . }}
{{ template "func/008/multi_leg_legs.sql" . }}
{{ template "func/008/order_lines.sql" . }}
{{ template "func/008/open_quantities.sql" . }}
{{ template "func/008/closable_quantity.sql" . }}
{{ template "func/008/broker_order_count.sql" . }}
{{ template "func/008/open_order_count.sql" . }}
{{ template "func/008/orders_sent_since.sql" . }}
{{ template "func/008/orders_sent_today.sql" . }}
{{ template "func/008/orders_sent_by_token.sql" . }}
{{ template "func/008/common_symbols.sql" . }}
{{ template "func/008/tightest.sql" . }}
{{ template "func/008/violation.sql" . }}
{{ template "func/008/is_beating.sql" . }}
{{ template "func/008/missed_heartbeat.sql" . }}
grant execute on function app.underlying, app.broker_order_count, app.open_order_count to paddock_gate;
grant execute on function app.common_symbols, app.tightest, app.violation, app.is_beating, app.missed_heartbeat to paddock_app, paddock_gate;
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/008/token_limits.sql" . }}
{{ template "func/008/token_paces.sql" . }}
{{ template "func/008/token_stops.sql" . }}
grant execute on function private.token_limits, private.token_paces, private.token_stops to paddock_app;
comment on function private.token_limits is 'The limits of the API token of this admission, with those of the tokens of which it was made.';
comment on function private.token_paces is 'How many orders each of these tokens may send.';
comment on function private.token_stops is 'Which of these tokens lack their heartbeat, or were stopped by refusals in a row.';
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
-- The guards themselves.
{{ template "func/008/check_closing.sql" . }}
{{ template "func/008/check_guards.sql" . }}
{{ template "func/008/guard_exercise.sql" . }}
{{ template "func/008/halt_reason.sql" . }}
{{ template "func/008/wind_down_json.sql" . }}
{{ template "func/008/guards_json.sql" . }}
-- Wind-downs.
{{ template "func/008/closings_to_make.sql" . }}
{{ template "func/008/make_closing.sql" . }}
{{ template "func/008/record_wind_down_progress.sql" . }}
{{ template "func/008/unanswered_intent_count.sql" . }}
grant execute on function app.underlying, app.multi_leg_legs, app.order_lines, app.open_quantities, app.closable_quantity,
  app.check_closing to paddock_app, paddock_worker;
grant execute on function app.violation to paddock_worker;
grant execute on function app.underlying, app.multi_leg_legs, app.order_lines to paddock_recorder;
grant execute on function app.broker_order_count, app.open_order_count, app.orders_sent_since, app.orders_sent_today, app.orders_sent_by_token,
  app.check_guards,
  app.halt_reason, app.guards_json to paddock_app;
grant execute on function app.wind_down_json to paddock_app, paddock_worker, paddock_gate;
grant execute on function app.closings_to_make, app.make_closing, app.record_wind_down_progress,
  app.unanswered_intent_count to paddock_worker;
comment on function app.check_guards is 'What the guards say of an order: which limits it breaks, and what must be fetched first.';
comment on function app.guards_json is 'An account''s guards as the API shows them, and how much of them is used.';

create trigger guard_new before insert on app.exercises for each row execute function app.guard_exercise();

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/008/let_more_through.sql" . }}
{{ template "func/008/set_guards.sql" . }}
{{ template "func/008/set_switch.sql" . }}
{{ template "func/008/beat.sql" . }}
{{ template "func/008/keep_balance.sql" . }}
{{ template "func/008/note_use.sql" . }}
{{ template "func/008/raise_high_water_mark.sql" . }}
{{ template "func/008/note_loss.sql" . }}
{{ template "func/008/note_position.sql" . }}
{{ template "func/008/reset_high_water_mark.sql" . }}
{{ template "func/008/count_sent_order.sql" . }}
{{ template "func/008/count_refusal.sql" . }}
{{ template "func/008/count_answer.sql" . }}
{{ template "func/008/reset_token.sql" . }}
{{ template "func/008/begin_repair.sql" . }}
{{ template "func/008/wind_down_late_order.sql" . }}
grant execute on function private.set_guards, private.set_switch, private.beat, private.reset_high_water_mark, private.reset_token to paddock_app;
grant execute on function private.begin_repair, private.wind_down_late_order to paddock_worker, paddock_recorder;
grant execute on function private.keep_balance, private.raise_high_water_mark, private.note_loss, private.note_position, private.count_sent_order, private.count_answer to paddock_owner;
comment on function private.beat is 'Notes a heartbeat of the admitted account, and of the API token that sends it.';
comment on function private.reset_high_water_mark is 'Lets the high-water mark of the admitted account begin anew.';
comment on function private.reset_token is 'Lets an API token go on that refusals in a row have stopped.';
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
create trigger keep_balance after insert or update on app.account_balances
  for each row execute function private.keep_balance();
create trigger raise_high_water_mark after insert or update on app.account_balances
  for each row execute function private.raise_high_water_mark();
-- Its name comes after those two's: it reads the mark.
create trigger tell_of_loss after insert or update on app.account_balances
  for each row execute function private.note_loss();
create trigger tell_of_position after insert or update of qty, current_price on app.alpaca_positions
  for each row when (new.qty <> 0) execute function private.note_position();
-- A wind-down's closings are Paddock's own: how they fare says nothing of who trades.
create trigger count_answer after update of intent_state on app.alpaca_orders
  for each row when (new.request_hash is not null and new.wind_down_id is null and new.intent_state is distinct from old.intent_state
    and new.intent_state in ('accepted', 'rejected'))
  execute function private.count_answer();
-- Their names come after guard_new's and guard_again's, which give the order its time; and
-- they come before the next row of the same statement is checked.
create trigger note_sent before insert on app.alpaca_orders
  for each row when (new.request_hash is not null and new.intent_state <> 'unsent') execute function private.count_sent_order();
create trigger note_sent_again before update on app.alpaca_orders
  for each row when (new.request_hash is not null and (new.intent_state = 'unsent') <> (old.intent_state = 'unsent'))
  execute function private.count_sent_order();
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger note_sent_again on app.alpaca_orders;
drop trigger note_sent on app.alpaca_orders;
drop trigger count_answer on app.alpaca_orders;
drop trigger tell_of_position on app.alpaca_positions;
drop trigger tell_of_loss on app.account_balances;
drop trigger raise_high_water_mark on app.account_balances;
drop trigger keep_balance on app.account_balances;
reset role;
set local role paddock_gate;
drop function private.reset_token, private.count_answer, private.count_refusal, private.count_sent_order, private.reset_high_water_mark,
  private.note_position, private.note_loss, private.raise_high_water_mark, private.note_use, private.keep_balance, private.beat, private.wind_down_late_order, private.begin_repair, private.set_switch, private.set_guards, private.let_more_through;
reset role;
set local role paddock_owner;
drop trigger guard_new on app.exercises;
drop function app.unanswered_intent_count, app.record_wind_down_progress, app.make_closing, app.closings_to_make, app.guards_json,
  app.wind_down_json, app.halt_reason, app.guard_exercise, app.check_guards, app.check_closing,
  app.orders_sent_by_token, app.orders_sent_today, app.orders_sent_since, app.open_order_count, app.broker_order_count, app.closable_quantity, app.open_quantities,
  app.order_lines, app.multi_leg_legs;
reset role;
set local role paddock_gate;
drop function private.token_stops, private.token_paces, private.token_limits;
reset role;
set local role paddock_owner;
drop function app.missed_heartbeat, app.is_beating, app.violation, app.tightest, app.common_symbols, app.underlying;
alter table app.alpaca_orders drop constraint alpaca_orders_account_id_wind_down_id_fkey;
drop table private.neared_limits, app.exercises, app.wind_downs, app.balance_history, app.high_water_marks, app.account_balances, private.token_refusal_runs, app.refusal_runs,
  private.token_heartbeats, app.heartbeats, private.token_order_counts, app.order_counts, app.account_guards;
reset role;
