-- Orders. In this table and every later one keys, unique constraints and indexes
-- begin with account_id: so the tables can be sharded, and no plan and no error
-- shows another tenant's values.

set local role paddock_owner;

-- Functions that the table's columns and indexes use.
{{ template "func/006/order_symbol.sql" . }}
{{ template "func/006/order_symbols.sql" . }}
{{ template "func/006/position_symbol.sql" . }}
{{ template "func/006/is_ended.sql" . }}
{{ template "func/006/other_order_fields.sql" . }}
{{ template "func/006/rfc3339.sql" . }}
grant execute on function app.order_symbols to paddock_gate;
grant execute on function app.order_symbol to paddock_app, paddock_worker, paddock_gate;
grant execute on function app.is_ended, app.other_order_fields, app.rfc3339, app.position_symbol to paddock_app, paddock_worker, paddock_recorder, paddock_gate;

-- One row an order. It begins as an intent, which is committed before the broker
-- is called; then it mirrors what the broker says of the order.
create table app.alpaca_orders (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  client_order_id text not null check (char_length(client_order_id) between 1 and 128),
  -- What is asked of the broker. Either makes one order at most.
  action text not null default 'place' check (action in ('place', 'replace')),
  -- submitting: the broker's answer is not known. unsent: it certainly never
  -- reached the broker, and a retry sends it. unknown (parked): the broker does
  -- not know it, and a person must look. dismissed: a person has looked, and it
  -- was never placed. Orders placed elsewhere are accepted when they are first seen.
  intent_state text not null default 'submitting'
    check (intent_state in ('submitting', 'accepted', 'rejected', 'unsent', 'unknown', 'dismissed')),
  -- The client's own name for the request (the header Idempotency-Key).
  idempotency_key text check (char_length(idempotency_key) between 1 and 255),
  -- SHA-256 of the request: tells a retry from another order with the same key.
  request_hash bytea,
  -- The whole request as it was sent, with its legs.
  request jsonb,
  submitted_by text,
  -- The API token that sent it, last, and before it those of which that was made.
  token_path uuid[] check (cardinality(token_path) between 1 and 8),
  token_id uuid generated always as (token_path[cardinality(token_path)]) stored,
  orchestrator_agent_id text check (char_length(orchestrator_agent_id) <= 128),
  tag text check (char_length(tag) <= 128),
  reason text check (char_length(reason) <= 500),  -- why, in the sender's words
  -- The sleeve to which it belongs (app.sleeves), and the most that it may take from its
  -- cash (app.order_cost). NULL: it belongs to none.
  sleeve_id uuid,
  sleeve_cost numeric,
  -- A closing: it may only make a position smaller (app.check_closing).
  reduce_only boolean not null default false,
  -- How far it is known to have traded beyond what was held (app.find_overshoots).
  overshot_qty numeric not null default 0 check (overshot_qty >= 0),
  -- The wind-down that made this closing.
  wind_down_id uuid,
  -- The market's price of each symbol when the order was sent, if a guard needed it.
  reference_prices jsonb check (jsonb_typeof(reference_prices) = 'object'),
  -- When the request that sends it began (app.refused_requests).
  requested_at timestamptz,

  symbol text,
  side text check (side in ('buy', 'sell')),
  type text,
  time_in_force text,
  order_class text not null default '',
  position_intent text,
  qty numeric check (qty > 0),
  notional numeric check (notional > 0),
  limit_price numeric,
  stop_price numeric,
  trail_price numeric,
  trail_percent numeric,
  hwm numeric,
  extended_hours boolean not null default false,

  alpaca_order_id uuid,
  -- The broker's ids: of the order that this is a leg of, and of those before
  -- and after it in a chain of replacements.
  parent_alpaca_order_id uuid,
  replaces uuid,
  replaced_by uuid,
  status text not null default 'submitting',
  status_message text,
  -- Whether it may still change without a request: an open order, or an intent
  -- whose answer is missing.
  is_open boolean not null generated always as (not app.is_ended(status)) stored,
  filled_qty numeric not null default 0 check (filled_qty >= 0),
  filled_avg_price numeric,
  -- A bust or a correction has lowered the filled quantity.
  taken_back boolean not null default false,
  broker_request_id text,
  broker_error_code integer,
  -- What else the broker's refusal says: a retry is answered with it.
  broker_refusal jsonb check (jsonb_typeof(broker_refusal) = 'object'),
  broker_updated_at timestamptz,
  broker_order jsonb,
  -- The fields of broker_order that have no column. They are stored apart so that
  -- a list need not read broker_order, which is large.
  others jsonb not null generated always as (app.other_order_fields(broker_order)) stored,
  -- When a missing answer was last asked for, and how often.
  looked_up_at timestamptz,
  lookups integer not null default 0,
  -- The quantity of its recorded fills, the average price of the broker's that they
  -- agree with, whether the broker says something else by now, and when and how
  -- often it was asked for those that are missing.
  fills_qty numeric not null default 0,
  fills_avg_price numeric,
  fills_differ boolean not null generated always as (not fills_awaited and (import_id is null or broker_updated_at is not null)
    and (filled_qty <> fills_qty or filled_avg_price is distinct from fills_avg_price)) stored,
  fills_asked_at timestamptz,
  fills_asked integer not null default 0,
  -- The import of the account's history has brought it, and has not come to its
  -- executions yet (app.history_imports). Until then nobody else asks for them.
  fills_awaited boolean not null default false,
  -- The import that brought it (private.imports). Until the broker describes such
  -- an order itself its executions are not asked for: there may be a million, most
  -- of them older than what the broker still lists.
  import_id uuid,

  created_at timestamptz not null default now(),
  submitted_at timestamptz,
  filled_at timestamptz,
  canceled_at timestamptz,
  expired_at timestamptz,
  failed_at timestamptz,
  replaced_at timestamptz,
  updated_at timestamptz not null default now(),

  primary key (account_id, id),
  unique (account_id, client_order_id),
  unique (account_id, alpaca_order_id),
  unique (account_id, idempotency_key),
  constraint alpaca_orders_wind_down_reduces check (reduce_only or wind_down_id is null),
  constraint alpaca_orders_bounded check (
    app.json_size(request) <= 262144 and app.json_size(reference_prices) <= 262144 and app.json_size(broker_refusal) <= 262144
    and app.json_size(broker_order) <= 262144 and app.json_size(others) <= 262144
    and app.are_amounts(array[qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, filled_qty, filled_avg_price,
      fills_qty, fills_avg_price, overshot_qty, sleeve_cost]))
);
comment on table app.alpaca_orders is 'Orders. Each begins as an intent that is committed before the broker is called, and then mirrors what the broker says of it.';
create index alpaca_orders_newest_idx on app.alpaca_orders (account_id, created_at desc, id desc);
create index alpaca_orders_open_idx on app.alpaca_orders (account_id, created_at desc, id desc) where is_open;
create index alpaca_orders_submitting_idx on app.alpaca_orders (account_id, created_at)
  where intent_state = 'submitting';
-- All orders that may still trade. One that is done for its day may on the next.
create index alpaca_orders_unended_idx on app.alpaca_orders (account_id, symbol) where not app.is_ended(status);
create index alpaca_orders_parent_idx on app.alpaca_orders (account_id, parent_alpaca_order_id)
  where parent_alpaca_order_id is not null;
create index alpaca_orders_fills_idx on app.alpaca_orders (account_id, created_at)
  where fills_differ and symbol is not null;
create index alpaca_orders_wind_down_idx on app.alpaca_orders (account_id, wind_down_id) where wind_down_id is not null;
create index alpaca_orders_filled_idx on app.alpaca_orders (account_id, symbol, (case when filled_at is null then broker_updated_at else filled_at end) desc)
  where filled_qty > 0;
create index alpaca_orders_token_idx on app.alpaca_orders (account_id, created_at) where token_path is not null;
create index alpaca_orders_awaited_idx on app.alpaca_orders (account_id, id) where fills_awaited;
create index alpaca_orders_import_idx on app.alpaca_orders (account_id, import_id) where import_id is not null;
alter table app.alpaca_orders enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column client_order_id set statistics 0,
  alter column idempotency_key set statistics 0, alter column request_hash set statistics 0, alter column request set statistics 0,
  alter column submitted_by set statistics 0, alter column token_path set statistics 0, alter column token_id set statistics 0, alter column orchestrator_agent_id set statistics 0, alter column tag set statistics 0, alter column reason set statistics 0,
  alter column sleeve_id set statistics 0, alter column sleeve_cost set statistics 0, alter column wind_down_id set statistics 0, alter column reference_prices set statistics 0, alter column symbol set statistics 0,
  alter column qty set statistics 0, alter column notional set statistics 0, alter column limit_price set statistics 0,
  alter column stop_price set statistics 0, alter column trail_price set statistics 0, alter column trail_percent set statistics 0,
  alter column hwm set statistics 0, alter column alpaca_order_id set statistics 0, alter column parent_alpaca_order_id set statistics 0,
  alter column replaces set statistics 0, alter column replaced_by set statistics 0, alter column status_message set statistics 0,
  alter column filled_qty set statistics 0, alter column filled_avg_price set statistics 0, alter column broker_request_id set statistics 0,
  alter column broker_refusal set statistics 0, alter column broker_order set statistics 0, alter column others set statistics 0,
  alter column fills_qty set statistics 0, alter column fills_avg_price set statistics 0;

-- The scope "read" sees orders, and "trade" makes intents. Nobody deletes orders.
create policy app_reads on app.alpaca_orders for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy app_inserts on app.alpaca_orders for insert to paddock_app
  with check (account_id = (select private.account_id('trade')) and submitted_by = (select private.user_id()));
-- An order that never reached the broker is sent again, and one that is parked is
-- dismissed. Every other change is something that the broker said (paddock_recorder): what
-- an order may still cost follows from its state, so no statement of a request sets that.
create policy app_updates on app.alpaca_orders for update to paddock_app
  using (account_id = (select private.account_id('trade')) and intent_state in ('unsent', 'unknown'))
  with check (account_id = (select private.account_id('trade'))
    and (intent_state, status) in (('submitting', 'submitting'), ('dismissed', 'rejected')));
grant select,
  insert (account_id, id, client_order_id, action, idempotency_key, request_hash, request, submitted_by, orchestrator_agent_id, tag, reason,
    sleeve_id, reduce_only, reference_prices, requested_at, symbol, side, type, time_in_force, order_class, position_intent, qty, notional,
    limit_price, stop_price, trail_price, trail_percent, extended_hours, parent_alpaca_order_id, replaces),
  update (intent_state, status, status_message, qty, looked_up_at, lookups, reference_prices, requested_at, updated_at)
  on app.alpaca_orders to paddock_app;
create policy recorder_all on app.alpaca_orders to paddock_recorder
  using (account_id = (select private.account_id('cancel')))
  with check (account_id = (select private.account_id('cancel')));
grant select,
  insert (account_id, id, client_order_id, intent_state, submitted_by, orchestrator_agent_id, tag, symbol, side, type, time_in_force, order_class,
    position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, extended_hours, alpaca_order_id, parent_alpaca_order_id,
    replaces, replaced_by, status, filled_qty, filled_avg_price, broker_request_id, broker_updated_at, broker_order, created_at,
    submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at),
  update (intent_state, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price,
    stop_price, trail_price, trail_percent, hwm, extended_hours, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by,
    status, status_message, filled_qty, filled_avg_price, taken_back, overshot_qty, broker_request_id, broker_error_code, broker_refusal,
    broker_updated_at, broker_order, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at)
  on app.alpaca_orders to paddock_recorder;
create policy worker_all on app.alpaca_orders to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select,
  insert (account_id, id, client_order_id, intent_state, request_hash, request, submitted_by, orchestrator_agent_id, tag, sleeve_id, reduce_only,
    wind_down_id, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price,
    trail_percent, hwm, extended_hours, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status, filled_qty,
    filled_avg_price, broker_request_id, broker_updated_at, broker_order, fills_awaited, created_at, submitted_at, filled_at, canceled_at,
    expired_at, failed_at, replaced_at, updated_at),
  update (intent_state, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price,
    trail_price, trail_percent, hwm, extended_hours, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status,
    status_message, filled_qty, filled_avg_price, taken_back, overshot_qty, broker_request_id, broker_error_code, broker_refusal, broker_updated_at,
    broker_order, looked_up_at, lookups, fills_qty, fills_avg_price, fills_awaited, fills_asked_at, fills_asked, submitted_at, filled_at,
    canceled_at, expired_at, failed_at, replaced_at, updated_at)
  on app.alpaca_orders to paddock_worker;
-- For claim_leases, which finds missing answers and silent orders; for deleting an
-- account, which returns its open orders; and for claim_client_order_id.
create policy gate_reads on app.alpaca_orders for select to paddock_gate using (true);
grant select (account_id, id, client_order_id, action, intent_state, request_hash, reduce_only, symbol, side, type, qty, notional, order_class,
  alpaca_order_id, parent_alpaca_order_id, replaces, status, is_open, created_at, updated_at) on app.alpaca_orders to paddock_gate;
create policy report_reads on app.alpaca_orders for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, id, client_order_id, alpaca_order_id, submitted_by, reason, symbol, side, type, time_in_force, order_class, qty, notional,
  limit_price, stop_price, extended_hours, status, status_message, filled_qty, filled_avg_price, orchestrator_agent_id, tag,
  created_at, submitted_at, filled_at, canceled_at, updated_at, position_intent, trail_price, trail_percent, parent_alpaca_order_id,
  replaces, replaced_by, token_id, sleeve_id) on app.alpaca_orders to paddock_report;

-- The market when an order was sent, by which its executions are measured later. There is
-- none where the market data could not be had at that moment: no order waits for it.
create table app.arrival_quotes (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  order_id uuid not null,
  bid numeric not null,
  ask numeric not null,
  asked_at timestamptz not null default clock_timestamp(),
  primary key (account_id, order_id),
  foreign key (account_id, order_id) references app.alpaca_orders (account_id, id) on delete cascade,
  constraint arrival_quotes_bounded check (app.are_amounts(array[bid, ask]) and bid >= 0 and ask >= 0)
);
comment on table app.arrival_quotes is 'What was bid and asked for an order''s symbol when the order was sent.';
alter table app.arrival_quotes enable row level security, force row level security,
  alter column account_id set statistics 0, alter column order_id set statistics 0, alter column bid set statistics 0, alter column ask set statistics 0;
create policy app_reads on app.arrival_quotes for select to paddock_app using (account_id = (select private.account_id('read')));
create policy app_inserts on app.arrival_quotes for insert to paddock_app with check (account_id = (select private.account_id('trade')));
grant select, insert (account_id, order_id, bid, ask) on app.arrival_quotes to paddock_app;
create policy report_reads on app.arrival_quotes for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select on app.arrival_quotes to paddock_report;

-- These functions run as their caller, so RLS holds inside them as outside.
{{ template "func/006/order_json.sql" . }}
{{ template "func/006/change_event.sql" . }}
{{ template "func/006/order_event.sql" . }}
{{ template "func/006/client_order_id_for_key.sql" . }}
{{ template "func/006/is_price_asked.sql" . }}
{{ template "func/006/matches_intent.sql" . }}
{{ template "func/006/has_unanswered_intents.sql" . }}
{{ template "func/006/record_refusal.sql" . }}
{{ template "func/006/order_sort_key.sql" . }}
{{ template "func/006/orders_matching.sql" . }}
{{ template "func/006/top_level_orders_matching.sql" . }}
{{ template "func/006/order_legs_json.sql" . }}
{{ template "func/006/orders_from_broker_json.sql" . }}
{{ template "func/006/opposing_orders.sql" . }}
{{ template "func/006/inherit_parent_owner.sql" . }}
{{ template "func/006/guard_order.sql" . }}
grant execute on function app.order_json, app.change_event, app.order_event to paddock_app, paddock_worker, paddock_recorder;
grant execute on function app.matches_intent to paddock_app, paddock_worker, paddock_recorder;
grant execute on function app.record_refusal to paddock_worker, paddock_recorder;
grant execute on function app.is_price_asked to paddock_app, paddock_worker, paddock_recorder;
grant execute on function app.client_order_id_for_key, app.has_unanswered_intents, app.order_sort_key, app.orders_matching, app.top_level_orders_matching,
  app.order_legs_json, app.orders_from_broker_json, app.opposing_orders to paddock_app;
comment on function app.is_ended is 'Whether an order of this status is over, so that it will never trade again.';
comment on function app.order_json is 'An order as the API and the event log show it.';

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/006/claim_client_order_id.sql" . }}
{{ template "func/006/count_order.sql" . }}
{{ template "func/006/count_kept_answer.sql" . }}
{{ template "func/006/check_agent_logs.sql" . }}
{{ template "func/006/record_order_change.sql" . }}
grant execute on function private.claim_client_order_id, private.count_order, private.count_kept_answer, private.record_order_change to paddock_owner;
grant execute on function private.check_agent_logs to paddock_app;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;

create trigger inherit_parent_owner before update on app.alpaca_orders
  for each row when (old.parent_alpaca_order_id is null and new.parent_alpaca_order_id is not null or old.replaces is null and new.replaces is not null
    or new.submitted_by is null and new.sleeve_id is null and num_nonnulls(new.parent_alpaca_order_id, new.replaces) > 0)
  execute function app.inherit_parent_owner();
create trigger inherit_sleeve before insert on app.alpaca_orders
  for each row when (new.intent_state <> 'submitting' and (new.parent_alpaca_order_id is not null or new.replaces is not null))
  execute function app.inherit_parent_owner();
create trigger claim_client_order_id before insert on app.alpaca_orders
  for each row when (new.intent_state = 'submitting' and new.request_hash is not null) execute function private.claim_client_order_id();
create trigger guard_new before insert on app.alpaca_orders
  for each row when (new.intent_state = 'submitting') execute function app.guard_order();
-- Its name comes after guard_new's, which takes the lock of the account's log.
create trigger note_stored before insert on app.alpaca_orders
  for each row when (new.intent_state = 'submitting') execute function private.count_order();
create trigger guard_again before update on app.alpaca_orders
  for each row when (new.intent_state = 'submitting' and old.intent_state <> 'submitting') execute function app.guard_order();
create trigger record_new after insert on app.alpaca_orders
  for each row when (new.intent_state = 'submitting') execute function private.record_order_change();
create trigger record_change after update of intent_state on app.alpaca_orders
  for each row when (new.intent_state is distinct from old.intent_state and new.intent_state in ('submitting', 'rejected', 'unsent', 'dismissed'))
  execute function private.record_order_change();

create trigger note_change after insert or update or delete on app.alpaca_orders for each row execute function private.note_change();

-- A line of an agent's log may name an order, of its own account. Where the order goes (with
-- an import that is undone) the line stays and names none.
alter table app.agent_logs add foreign key (account_id, order_id) references app.alpaca_orders (account_id, id) on delete set null (order_id);
{{ template "func/006/append_agent_logs.sql" . }}
grant execute on function app.append_agent_logs to paddock_app;
comment on function app.append_agent_logs is 'Stores lines of an agent''s log, and makes one event of them.';

-- The answers to requests that send several orders, for their retries; and the
-- idempotency keys of turns of the switch.
create table app.kept_answers (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  idempotency_key text not null check (char_length(idempotency_key) between 1 and 255),
  request_hash bytea not null,
  answer jsonb,  -- null while the request is under way, or if its server died
  asked_by text not null,
  asked_at timestamptz not null default clock_timestamp(),
  primary key (account_id, idempotency_key),
  constraint kept_answers_bounded check (app.json_size(answer) <= 16777216)
);
comment on table app.kept_answers is 'The answers to requests that send several orders, for their retries; and the idempotency keys of turns of the switch.';
alter table app.kept_answers enable row level security, force row level security,
  alter column account_id set statistics 0, alter column idempotency_key set statistics 0, alter column request_hash set statistics 0,
  alter column answer set statistics 0, alter column asked_by set statistics 0;
create policy app_reads on app.kept_answers for select to paddock_app using (account_id = (select private.account_id('read')));
create policy app_inserts on app.kept_answers for insert to paddock_app
  with check (account_id = (select private.account_id('trade')) and asked_by = (select private.user_id()));
create policy app_updates on app.kept_answers for update to paddock_app
  using (account_id = (select private.account_id('cancel')) and answer is null)
  with check (account_id = (select private.account_id('cancel')));
-- A request that failed before it did anything may be made again with its key.
create policy app_deletes on app.kept_answers for delete to paddock_app
  using (account_id = (select private.account_id('cancel')) and answer is null);
grant select, insert (account_id, idempotency_key, request_hash, asked_by), update (answer), delete on app.kept_answers to paddock_app;
-- Keys of the switch are written by set_switch, which is never refused.
create trigger count_kept_answer before insert on app.kept_answers
  for each row when (current_user = 'paddock_app') execute function private.count_kept_answer();
create policy gate_all on app.kept_answers to paddock_gate using (true) with check (true);
grant select, insert (account_id, idempotency_key, request_hash, asked_by) on app.kept_answers to paddock_gate;

-- Two requests for one order may be under way at once: the first, and a retry by
-- a client that waits no longer for the first. Once one of them was refused, and
-- its client told that nothing was placed, the other may place nothing either,
-- where it began before that (app.guard_order).
create table app.refused_requests (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  idempotency_key text not null check (char_length(idempotency_key) <= 255),  -- '' without one
  client_order_id text not null check (char_length(client_order_id) <= 128),  -- '' where Paddock makes it
  refused_at timestamptz not null default clock_timestamp(),
  primary key (account_id, idempotency_key, client_order_id),
  check (idempotency_key <> '' or client_order_id <> '')
);
comment on table app.refused_requests is 'When a request for an order was last refused before it made one: an older request for the same order makes none any more.';
alter table app.refused_requests enable row level security, force row level security,
  alter column account_id set statistics 0, alter column idempotency_key set statistics 0, alter column client_order_id set statistics 0;
create policy app_reads on app.refused_requests for select to paddock_app using (account_id = (select private.account_id('read')));
create policy app_inserts on app.refused_requests for insert to paddock_app with check (account_id = (select private.account_id('trade')));
create policy app_updates on app.refused_requests for update to paddock_app
  using (account_id = (select private.account_id('trade'))) with check (account_id = (select private.account_id('trade')));
create policy app_deletes on app.refused_requests for delete to paddock_app
  using (account_id = (select private.account_id('trade')) and refused_at < now() - interval '1 hour');
grant select, insert (account_id, idempotency_key, client_order_id), update (refused_at), delete on app.refused_requests to paddock_app;
{{ template "func/006/refuse_request.sql" . }}
grant execute on function app.refuse_request to paddock_app;

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop function app.refuse_request, app.append_agent_logs;
alter table app.agent_logs drop constraint agent_logs_account_id_order_id_fkey;
drop table app.refused_requests, app.kept_answers;
drop trigger note_change on app.alpaca_orders;
drop trigger record_change on app.alpaca_orders;
drop trigger record_new on app.alpaca_orders;
drop trigger guard_again on app.alpaca_orders;
drop trigger guard_new on app.alpaca_orders;
drop trigger note_stored on app.alpaca_orders;
drop trigger claim_client_order_id on app.alpaca_orders;
drop trigger inherit_sleeve on app.alpaca_orders;
drop trigger inherit_parent_owner on app.alpaca_orders;
reset role;
set local role paddock_gate;
drop function private.record_order_change, private.check_agent_logs, private.count_kept_answer, private.count_order, private.claim_client_order_id;
reset role;
set local role paddock_owner;
drop table app.arrival_quotes;
drop function app.guard_order, app.inherit_parent_owner, app.opposing_orders, app.orders_from_broker_json, app.order_legs_json,
  app.top_level_orders_matching, app.orders_matching, app.order_sort_key, app.record_refusal, app.has_unanswered_intents, app.matches_intent, app.is_price_asked,
  app.client_order_id_for_key, app.order_event, app.change_event, app.order_json;
drop table app.alpaca_orders;
drop function app.rfc3339, app.other_order_fields, app.is_ended, app.position_symbol, app.order_symbols, app.order_symbol;
reset role;
