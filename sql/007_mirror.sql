-- The mirror: positions and orders as the broker has them. It counts each fill
-- once, whoever reports it, and knows when it is not to be trusted.

set local role paddock_owner;

-- A position that is closed stays as a row of quantity 0, so that an update which
-- comes late does not bring it back.
create table app.alpaca_positions (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  symbol text not null,
  asset_id uuid,
  asset_class text,
  exchange text,
  qty numeric not null,  -- negative when short
  avg_entry_price numeric,
  cost_basis numeric,
  market_value numeric,
  current_price numeric,
  unrealized_pl numeric,
  broker_position jsonb,
  as_of timestamptz not null,
  moves bigint not null default 0,            -- how often its quantity was moved or set
  counted_until timestamptz,                  -- the broker's time of the newest report that moved it
  read_alone boolean not null default false,  -- it was set from a list that was read without the orders around it
  uncounted numeric not null default 0,       -- of the quantity, what lists had and no order explains yet
  import_id uuid,                             -- the import that brought it (private.imports), until the broker is asked
  primary key (account_id, symbol),
  constraint alpaca_positions_bounded check (
    app.json_size(broker_position) <= 262144
    and app.are_amounts(array[qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, uncounted]))
);
comment on table app.alpaca_positions is 'What each account holds, as the broker says. A row of quantity 0 is a position that was closed.';
alter table app.alpaca_positions enable row level security, force row level security,
  alter column account_id set statistics 0, alter column symbol set statistics 0, alter column qty set statistics 0,
  alter column avg_entry_price set statistics 0, alter column cost_basis set statistics 0, alter column market_value set statistics 0,
  alter column unrealized_pl set statistics 0, alter column broker_position set statistics 0, alter column moves set statistics 0,
  alter column counted_until set statistics 0, alter column read_alone set statistics 0, alter column uncounted set statistics 0;
-- Guards measure by these rows, so no request writes them: what the broker said of them is
-- recorded by paddock_recorder, and by the worker.
create policy app_reads on app.alpaca_positions for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.alpaca_positions to paddock_app;
create policy recorder_all on app.alpaca_positions to paddock_recorder
  using (account_id = (select private.account_id('cancel')))
  with check (account_id = (select private.account_id('cancel')));
create policy worker_all on app.alpaca_positions to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select,
  insert (account_id, symbol, asset_id, asset_class, exchange, qty, avg_entry_price, cost_basis, market_value,
    current_price, unrealized_pl, broker_position, as_of, moves, counted_until, read_alone, uncounted),
  update (asset_id, asset_class, exchange, qty, avg_entry_price, cost_basis, market_value,
    current_price, unrealized_pl, broker_position, as_of, moves, counted_until, read_alone, uncounted)
  on app.alpaca_positions to paddock_recorder, paddock_worker;
-- For count_kept_answer.
create policy gate_reads on app.alpaca_positions for select to paddock_gate using (true);
grant select on app.alpaca_positions to paddock_gate;
create policy report_reads on app.alpaca_positions for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, symbol, asset_class, qty, avg_entry_price, cost_basis, market_value, current_price,
  unrealized_pl, as_of) on app.alpaca_positions to paddock_report;

-- How far each account's stream is, and when the mirror last agreed with the
-- broker's REST answers. Health goes by that, and not by being connected.
create table app.stream_cursors (
  account_id uuid primary key references app.user_accounts (id) on delete cascade,
  last_event_id text,
  agreed_at timestamptz,
  -- How old an agreement may be if the stream has not been unbroken since.
  max_age interval not null default '1 minute' check (max_age > '0'),
  -- How often the mirror was put in doubt, and how often it had been when the
  -- reconciliation began that agreed last. If they are equal there is no doubt.
  doubts bigint not null default 0,
  doubts_settled bigint not null default 0,
  -- The stream's state as its holder last recorded it.
  streaming text check (streaming in ('sse', 'ws')),  -- null: no stream is up
  -- The time from which on it has reported every update: when it came up, or last
  -- said that it had dropped some.
  unbroken_since timestamptz,
  note text check (char_length(note) <= 500),         -- why it is not of the kind that was asked for
  last_error text check (char_length(last_error) <= 500),
  last_error_at timestamptz,
  sync_error text check (char_length(sync_error) <= 500),  -- why the last reconciliation failed; null when it did not
  sync_error_at timestamptz,
  -- When the newest order that was listed was submitted, by the broker's clock. The
  -- next reconciliation lists orders from then on.
  newest_order_at timestamptz,
  updated_at timestamptz not null default now(),
  check ((streaming is null) = (unbroken_since is null)),
  check ((sync_error is null) = (sync_error_at is null))
);
comment on table app.stream_cursors is 'How far each account''s mirror is: the last update that its stream has applied, and when it last agreed with the broker.';
alter table app.stream_cursors enable row level security, force row level security,
  alter column account_id set statistics 0, alter column last_event_id set statistics 0;
create policy app_reads on app.stream_cursors for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.stream_cursors to paddock_app;
create policy recorder_all on app.stream_cursors to paddock_recorder
  using (account_id = (select private.account_id('cancel')))
  with check (account_id = (select private.account_id('cancel')));
grant select, update (doubts) on app.stream_cursors to paddock_recorder;
create policy worker_all on app.stream_cursors to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select,
  insert (account_id, last_event_id, agreed_at, max_age, doubts_settled, streaming, unbroken_since, note, last_error, last_error_at,
    sync_error, sync_error_at, newest_order_at),
  update (last_event_id, agreed_at, max_age, doubts, doubts_settled, streaming, unbroken_since, note, last_error, last_error_at,
    sync_error, sync_error_at, newest_order_at, updated_at)
  on app.stream_cursors to paddock_worker;
create policy gate_reads on app.stream_cursors for select to paddock_gate using (true);
create policy gate_doubts on app.stream_cursors for update to paddock_gate using (true) with check (true);
grant select, update (doubts) on app.stream_cursors to paddock_gate;

-- Items of the broker that are not in its documented form are kept as they came,
-- and keep no other items from being read.
create table app.odd_items (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  what text not null check (what in ('order', 'position', 'activity', 'update')),
  -- The broker's id, or a position's symbol, or 'md5:' and a digest if it has none.
  item_id text not null check (char_length(item_id) between 1 and 200),
  why text not null check (char_length(why) <= 2000),  -- which fields are odd, and what they contain
  said text not null,                                  -- the whole item as it came
  unread boolean not null,                             -- nothing of it could be used
  -- It is an order that may still fill, or a position, whose symbol or size cannot
  -- be read.
  uncounted boolean not null,
  first_at timestamptz not null default clock_timestamp(),
  last_at timestamptz not null default clock_timestamp(),
  primary key (account_id, what, item_id)
);
comment on table app.odd_items is 'Items of the broker that are not in its documented form, as they came.';
alter table app.odd_items enable row level security, force row level security,
  alter column account_id set statistics 0, alter column item_id set statistics 0, alter column why set statistics 0, alter column said set statistics 0;
create policy app_reads on app.odd_items for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.odd_items to paddock_app;
create policy worker_all on app.odd_items to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select, delete, insert (account_id, what, item_id, why, said, unread, uncounted), update (why, said, unread, uncounted, last_at)
  on app.odd_items to paddock_worker;

{{ template "func/007/is_fresh.sql" . }}
{{ template "func/007/state_tag.sql" . }}
{{ template "func/007/mirror_is_current.sql" . }}
{{ template "func/007/doubt_mirror.sql" . }}
{{ template "func/007/average_entry.sql" . }}
{{ template "func/007/apply_fill_to_position.sql" . }}
{{ template "func/007/position_moves.sql" . }}
{{ template "func/007/held_quantity.sql" . }}
{{ template "func/007/parse_position.sql" . }}
{{ template "func/007/reconcile_positions.sql" . }}
{{ template "func/007/record_positions.sql" . }}
{{ template "func/007/record_agreement.sql" . }}
{{ template "func/007/settle_positions.sql" . }}
{{ template "func/007/record_overshoot.sql" . }}
{{ template "func/007/find_overshoots.sql" . }}
{{ template "func/007/take_uncounted.sql" . }}
{{ template "func/007/record_order.sql" . }}
{{ template "func/007/require_cursor.sql" . }}
{{ template "func/007/advance_stream_cursor.sql" . }}
{{ template "func/007/apply_trade_update.sql" . }}
{{ template "func/007/reconcile_order.sql" . }}
{{ template "func/007/try_reconcile_order.sql" . }}
{{ template "func/007/record_odd_items.sql" . }}
{{ template "func/007/has_uncounted_items.sql" . }}
{{ template "func/007/account_snapshot.sql" . }}
grant execute on function app.is_fresh, app.mirror_is_current, app.position_moves, app.has_uncounted_items to paddock_app, paddock_worker;
grant execute on function app.held_quantity to paddock_app, paddock_worker, paddock_recorder;
grant execute on function app.record_positions to paddock_worker;
grant execute on function app.doubt_mirror, app.average_entry, app.apply_fill_to_position, app.parse_position, app.reconcile_positions,
  app.record_overshoot, app.find_overshoots, app.take_uncounted, app.record_order to paddock_worker, paddock_recorder;
grant execute on function app.require_cursor, app.advance_stream_cursor, app.apply_trade_update, app.reconcile_order, app.try_reconcile_order,
  app.record_odd_items, app.record_agreement, app.settle_positions to paddock_worker;
grant execute on function app.account_snapshot, app.state_tag to paddock_app;
grant execute on function app.is_fresh to paddock_gate;
comment on function app.mirror_is_current is 'Whether an account''s mirror may be trusted: it has agreed with the broker lately, and nothing has put it in doubt since.';
comment on function app.state_tag is 'Another text whenever lists of orders, executions or round trips would show something else.';
comment on function app.account_snapshot is 'An account''s state, its positions and its open orders, as of its newest event.';

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop function app.state_tag, app.account_snapshot, app.has_uncounted_items, app.record_odd_items, app.try_reconcile_order, app.reconcile_order,
  app.apply_trade_update, app.advance_stream_cursor, app.require_cursor, app.record_order, app.take_uncounted, app.find_overshoots, app.record_overshoot,
  app.settle_positions, app.record_agreement, app.record_positions, app.reconcile_positions,
  app.parse_position, app.held_quantity, app.position_moves, app.apply_fill_to_position, app.average_entry, app.doubt_mirror,
  app.mirror_is_current, app.is_fresh;
drop table app.odd_items, app.stream_cursors, app.alpaca_positions;
reset role;
