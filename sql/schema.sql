-- What the migrations make, as Postgres 15 tells it. Made by make schema: do not edit.
-- Functions stand here without their bodies, which are in sql/func.

create schema app authorization paddock_owner;
grant usage on schema app to paddock_app;
grant usage on schema app to paddock_gate;
grant usage on schema app to paddock_recorder;
grant usage on schema app to paddock_worker;

create schema auth authorization paddock_owner;
grant usage on schema auth to paddock_auth;
grant usage on schema auth to paddock_gate;

create schema ext authorization paddock_owner;
grant usage on schema ext to paddock_gate;

create schema jobs authorization paddock_owner;
grant usage on schema jobs to paddock_gate;
grant usage on schema jobs to paddock_worker;

create schema private authorization paddock_owner;
grant usage on schema private to paddock_app;
grant usage on schema private to paddock_auth;
grant usage on schema private to paddock_gate;
grant usage on schema private to paddock_recorder;
grant usage on schema private to paddock_worker;

create schema report authorization paddock_owner;
grant usage on schema report to paddock_report;

-- What each account is worth, now and at the last close, by the broker's figures.
create table app.account_balances (
  account_id uuid not null,
  equity numeric not null,
  last_equity numeric not null,
  cash numeric,
  as_of timestamp with time zone not null,
  constraint account_balances_pkey PRIMARY KEY (account_id),
  constraint account_balances_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint account_balances_bounded CHECK ((app.is_amount(equity) AND app.is_amount(last_equity) AND app.is_amount(cash)))
);
alter table app.account_balances enable row level security, force row level security;
-- without statistics: account_id, equity, last_equity, cash
create policy app_reads on app.account_balances for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_reads on app.account_balances for select to paddock_gate
  using (true);
create policy recorder_all on app.account_balances to paddock_recorder
  using ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)));
grant select (account_id, equity, last_equity, cash, as_of) on app.account_balances to paddock_gate;
grant select on app.account_balances to paddock_app;
grant select, insert, update (equity, last_equity, cash, as_of) on app.account_balances to paddock_recorder;
CREATE TRIGGER keep_balance AFTER INSERT OR UPDATE ON app.account_balances FOR EACH ROW EXECUTE FUNCTION private.keep_balance();
CREATE TRIGGER raise_high_water_mark AFTER INSERT OR UPDATE ON app.account_balances FOR EACH ROW EXECUTE FUNCTION private.raise_high_water_mark();
CREATE TRIGGER tell_of_loss AFTER INSERT OR UPDATE ON app.account_balances FOR EACH ROW EXECUTE FUNCTION private.note_loss();

-- The event log of each account, numbered without gaps, in one partition a month.
create table app.account_events (
  account_id uuid not null,
  seq bigint not null,
  kind text not null,
  broker_event_id text,
  at timestamp with time zone not null default clock_timestamp(),
  data jsonb not null,
  constraint account_events_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.event_heads(account_id) ON DELETE CASCADE,
  constraint account_events_bounded CHECK ((app.json_size(data) <= 16777216)),
  constraint account_events_kind_check CHECK ((kind = ANY (ARRAY['order'::text, 'position'::text, 'agent_log'::text, 'account'::text, 'credentials'::text, 'guard'::text, 'journal'::text, 'job'::text, 'webhook'::text, 'notice'::text, 'history'::text, 'approval'::text, 'limit'::text, 'stream'::text, 'summary'::text])))
) partition by RANGE (at);
alter table app.account_events enable row level security, force row level security;
-- without statistics: account_id, broker_event_id, data
create policy app_reads on app.account_events for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_all on app.account_events to paddock_gate
  using (true)
  with check (true);
create policy report_reads on app.account_events for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
create policy worker_reads on app.account_events for select to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id, seq, kind, at, data) on app.account_events to paddock_report;
grant select on app.account_events to paddock_app;
grant select on app.account_events to paddock_worker;
grant select, insert (account_id, seq, kind, broker_event_id, at, data) on app.account_events to paddock_gate;
CREATE TRIGGER ring_for_others AFTER INSERT ON app.account_events REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN ((current_setting('app.rings'::text, true) IS DISTINCT FROM 'on'::text)) EXECUTE FUNCTION private.ring_for_others();

-- Which user may use which account, in what role and until when.
create table app.account_grants (
  account_id uuid not null,
  user_id text not null,
  role text not null,
  expires_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  given_by text,
  standing_of text,
  constraint account_grants_pkey PRIMARY KEY (account_id, user_id),
  constraint account_grants_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint account_grants_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE,
  constraint account_grants_check CHECK (((standing_of IS NULL) OR (role <> 'owner'::text))),
  constraint account_grants_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'trader'::text, 'approver'::text, 'viewer'::text, 'reports'::text])))
);
CREATE INDEX account_grants_user_id_idx ON app.account_grants USING btree (user_id, account_id);
alter table app.account_grants enable row level security, force row level security;
-- without statistics: account_id, user_id
create policy app_reads on app.account_grants for select to paddock_app
  using (((user_id = ( SELECT private.user_id() AS user_id)) AND ((expires_at IS NULL) OR (expires_at > now())) AND (role <> 'reports'::text) AND ((( SELECT private.token_id() AS token_id) IS NULL) OR (account_id = ANY (( SELECT private.reach() AS reach)::uuid[])))));
create policy gate_all on app.account_grants to paddock_gate
  using (true)
  with check (true);
grant select on app.account_grants to paddock_app;
grant select, insert (account_id, user_id, role, expires_at, given_by, standing_of), update (role, expires_at, created_at, given_by, standing_of), delete on app.account_grants to paddock_gate;
CREATE TRIGGER record_grant_change AFTER INSERT OR DELETE OR UPDATE ON app.account_grants FOR EACH ROW EXECUTE FUNCTION private.record_grant_change();

-- The switch and the limits of each account. An account without a row has no limit, and a column that is null is no limit.
create table app.account_guards (
  account_id uuid not null,
  switch text not null default 'open'::text,
  switch_reason text,
  max_order_notional numeric,
  max_position_notional numeric,
  max_position_qty numeric,
  max_open_orders integer,
  orders_per_minute integer,
  orders_per_day integer,
  daily_loss_limit numeric,
  max_drawdown numeric,
  max_refusals integer,
  heartbeat_seconds integer,
  allowed_symbols text[],
  allowed_sides text[],
  buy_back_overshoot boolean not null default false,
  approval_above numeric,
  approvals_needed integer,
  approval_seconds integer,
  four_eyes boolean not null default false,
  updated_by text,
  updated_at timestamp with time zone not null default now(),
  constraint account_guards_pkey PRIMARY KEY (account_id),
  constraint account_guards_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint account_guards_allowed_sides_check CHECK ((allowed_sides <@ ARRAY['buy'::text, 'sell'::text])),
  constraint account_guards_allowed_symbols_check CHECK ((array_length(allowed_symbols, 1) <= 500)),
  constraint account_guards_approval_seconds_check CHECK (((approval_seconds >= 60) AND (approval_seconds <= 604800))),
  constraint account_guards_approvals_needed_check CHECK (((approvals_needed >= 1) AND (approvals_needed <= 10))),
  constraint account_guards_bounded CHECK ((app.is_amount(max_order_notional) AND app.is_amount(max_position_notional) AND app.is_amount(max_position_qty) AND app.is_amount(daily_loss_limit) AND app.is_amount(max_drawdown) AND app.is_amount(approval_above) AND (approval_above >= (0)::numeric))),
  constraint account_guards_daily_loss_limit_check CHECK ((daily_loss_limit >= (0)::numeric)),
  constraint account_guards_heartbeat_seconds_check CHECK (((heartbeat_seconds >= 5) AND (heartbeat_seconds <= 86400))),
  constraint account_guards_max_drawdown_check CHECK ((max_drawdown >= (0)::numeric)),
  constraint account_guards_max_open_orders_check CHECK ((max_open_orders >= 0)),
  constraint account_guards_max_order_notional_check CHECK ((max_order_notional >= (0)::numeric)),
  constraint account_guards_max_position_notional_check CHECK ((max_position_notional >= (0)::numeric)),
  constraint account_guards_max_position_qty_check CHECK ((max_position_qty >= (0)::numeric)),
  constraint account_guards_max_refusals_check CHECK ((max_refusals >= 1)),
  constraint account_guards_orders_per_day_check CHECK ((orders_per_day >= 0)),
  constraint account_guards_orders_per_minute_check CHECK ((orders_per_minute >= 0)),
  constraint account_guards_switch_check CHECK ((switch = ANY (ARRAY['open'::text, 'reduce_only'::text, 'halted'::text]))),
  constraint account_guards_switch_reason_check CHECK (((char_length(switch_reason) >= 1) AND (char_length(switch_reason) <= 500)))
);
alter table app.account_guards enable row level security, force row level security;
-- without statistics: account_id, switch_reason, max_order_notional, max_position_notional, max_position_qty, max_open_orders, orders_per_minute, orders_per_day, daily_loss_limit, max_drawdown, max_refusals, heartbeat_seconds, allowed_symbols, allowed_sides, approval_above, updated_by
create policy app_reads on app.account_guards for select to paddock_app
  using ((account_id = ( SELECT private.account_id() AS account_id)));
create policy gate_all on app.account_guards to paddock_gate
  using (true)
  with check (true);
create policy worker_reads on app.account_guards for select to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select on app.account_guards to paddock_app;
grant select on app.account_guards to paddock_worker;
grant select, insert (account_id, switch, switch_reason, max_order_notional, max_position_notional, max_position_qty, max_open_orders, orders_per_minute, orders_per_day, daily_loss_limit, max_drawdown, max_refusals, heartbeat_seconds, allowed_symbols, allowed_sides, buy_back_overshoot, approval_above, approvals_needed, approval_seconds, four_eyes, updated_by), update (switch, switch_reason, max_order_notional, max_position_notional, max_position_qty, max_open_orders, orders_per_minute, orders_per_day, daily_loss_limit, max_drawdown, max_refusals, heartbeat_seconds, allowed_symbols, allowed_sides, buy_back_overshoot, approval_above, approvals_needed, approval_seconds, four_eyes, updated_by, updated_at) on app.account_guards to paddock_gate;
CREATE TRIGGER cancel_stopped_jobs AFTER INSERT OR UPDATE OF switch ON app.account_guards FOR EACH ROW WHEN ((new.switch = 'halted'::text)) EXECUTE FUNCTION private.cancel_stopped_jobs();

-- Requests that sent lines of a log with an Idempotency-Key, for their retries within a day.
create table app.agent_log_requests (
  account_id uuid not null,
  idempotency_key text not null,
  request_hash bytea not null,
  asked_by text not null,
  lines integer not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  created_at timestamp with time zone not null default now(),
  constraint agent_log_requests_pkey PRIMARY KEY (account_id, idempotency_key),
  constraint agent_log_requests_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint agent_log_requests_idempotency_key_check CHECK (((char_length(idempotency_key) >= 1) AND (char_length(idempotency_key) <= 255))),
  constraint agent_log_requests_lines_check CHECK (((lines >= 1) AND (lines <= 1000))),
  constraint agent_log_requests_request_hash_check CHECK ((octet_length(request_hash) = 32))
);
alter table app.agent_log_requests enable row level security, force row level security;
-- without statistics: account_id, idempotency_key, request_hash, asked_by
create policy app_inserts on app.agent_log_requests for insert to paddock_app
  with check (((account_id = ( SELECT private.account_id('log'::text) AS account_id)) AND (asked_by = ( SELECT private.user_id() AS user_id))));
create policy app_reads on app.agent_log_requests for select to paddock_app
  using ((account_id = ( SELECT private.account_id('log'::text) AS account_id)));
create policy gate_purges on app.agent_log_requests to paddock_gate
  using (true);
grant select, delete on app.agent_log_requests to paddock_gate;
grant select, insert (account_id, idempotency_key, request_hash, asked_by, lines, first_at, last_at) on app.agent_log_requests to paddock_app;

-- What agents logged of their work on an account, in one partition a month, and one of what imports brought.
create table app.agent_logs (
  account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  user_id text,
  token_id uuid default private.token_id(),
  orchestrator_agent_id text,
  order_id uuid,
  level text not null,
  message text not null,
  data jsonb,
  at timestamp with time zone not null default now(),
  created_at timestamp with time zone not null default now(),
  import_id uuid,
  constraint agent_logs_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint agent_logs_account_id_order_id_fkey FOREIGN KEY (account_id, order_id) REFERENCES app.alpaca_orders(account_id, id) ON DELETE SET NULL (order_id),
  constraint agent_logs_at_check CHECK (((at - created_at) <= '00:01:00'::interval)),
  constraint agent_logs_bounded CHECK ((app.json_size(data) <= 65536)),
  constraint agent_logs_level_check CHECK ((level = ANY (ARRAY['debug'::text, 'info'::text, 'warn'::text, 'error'::text]))),
  constraint agent_logs_message_check CHECK (((char_length(message) >= 1) AND (char_length(message) <= 10000))),
  constraint agent_logs_orchestrator_agent_id_check CHECK ((char_length(orchestrator_agent_id) <= 128))
) partition by LIST (import_id);
CREATE INDEX agent_logs_agent_idx ON ONLY app.agent_logs USING btree (account_id, orchestrator_agent_id, level, at DESC, id DESC) WHERE (orchestrator_agent_id IS NOT NULL);
CREATE INDEX agent_logs_import_idx ON ONLY app.agent_logs USING btree (account_id, import_id) WHERE (import_id IS NOT NULL);
CREATE INDEX agent_logs_level_idx ON ONLY app.agent_logs USING btree (account_id, level, at DESC, id DESC);
CREATE INDEX agent_logs_order_idx ON ONLY app.agent_logs USING btree (account_id, order_id, level, at DESC, id DESC) WHERE (order_id IS NOT NULL);
CREATE INDEX agent_logs_token_idx ON ONLY app.agent_logs USING btree (account_id, token_id, level, at DESC, id DESC) WHERE (token_id IS NOT NULL);
alter table app.agent_logs enable row level security, force row level security;
-- without statistics: account_id, user_id, token_id, orchestrator_agent_id, order_id, message, data
create policy app_inserts on app.agent_logs for insert to paddock_app
  with check (((account_id = ( SELECT private.account_id('log'::text) AS account_id)) AND (user_id = ( SELECT private.user_id() AS user_id))));
create policy app_reads on app.agent_logs for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_imports on app.agent_logs for insert to paddock_gate
  with check ((( SELECT private.is_operator() AS is_operator) AND (EXISTS ( SELECT
   FROM private.imports i
  WHERE ((i.account_id = agent_logs.account_id) AND (i.id = agent_logs.import_id) AND (i.state = 'running'::text))))));
create policy gate_reads on app.agent_logs for select to paddock_gate
  using ((( SELECT private.is_operator() AS is_operator) AND (import_id IS NOT NULL)));
create policy gate_undoes on app.agent_logs for delete to paddock_gate
  using ((( SELECT private.is_operator() AS is_operator) AND (EXISTS ( SELECT
   FROM private.imports i
  WHERE ((i.account_id = agent_logs.account_id) AND (i.id = agent_logs.import_id) AND (i.state = 'undoing'::text))))));
create policy report_reads on app.agent_logs for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
grant select (account_id, id, token_id, orchestrator_agent_id, order_id, level, message, data, at, created_at) on app.agent_logs to paddock_report;
grant select, insert (account_id, id, user_id, orchestrator_agent_id, level, message, data, at, created_at, import_id), delete on app.agent_logs to paddock_gate;
grant select, insert (account_id, id, user_id, orchestrator_agent_id, order_id, level, message, data, at) on app.agent_logs to paddock_app;
CREATE TRIGGER count_agent_logs AFTER INSERT ON app.agent_logs REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION private.count_agent_logs();

-- Alerts of charting services, and what each led to.
create table app.alerts (
  account_id uuid not null,
  id uuid not null,
  token_id uuid not null,
  alert_id text not null,
  source text,
  sent_at timestamp with time zone,
  received_at timestamp with time zone not null default clock_timestamp(),
  request jsonb not null,
  job_id uuid,
  code text,
  message text,
  constraint alerts_pkey PRIMARY KEY (account_id, id),
  constraint alerts_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint alerts_alert_id_check CHECK (((char_length(alert_id) >= 1) AND (char_length(alert_id) <= 200))),
  constraint alerts_bounded CHECK ((app.json_size(request) <= 262144)),
  constraint alerts_check CHECK (((job_id IS NULL) = (code IS NOT NULL))),
  constraint alerts_message_check CHECK ((char_length(message) <= 2000)),
  constraint alerts_source_check CHECK (((char_length(source) >= 1) AND (char_length(source) <= 80)))
);
CREATE INDEX alerts_newest_idx ON app.alerts USING btree (account_id, received_at DESC, id DESC);
CREATE UNIQUE INDEX alerts_alert_idx ON app.alerts USING btree (account_id, token_id, alert_id);
alter table app.alerts enable row level security, force row level security;
-- without statistics: account_id, id, token_id, alert_id, source, request, job_id, message
create policy app_inserts on app.alerts for insert to paddock_app
  with check (((account_id = ( SELECT private.account_id('trade'::text) AS account_id)) AND (token_id = ( SELECT private.token_id() AS token_id))));
create policy app_reads on app.alerts for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
grant select, insert (account_id, id, token_id, alert_id, source, sent_at, request, job_id, code, message) on app.alerts to paddock_app;
CREATE TRIGGER count_alert BEFORE INSERT ON app.alerts FOR EACH ROW EXECUTE FUNCTION private.count_alert();

-- Orders. Each begins as an intent that is committed before the broker is called, and then mirrors what the broker says of it.
create table app.alpaca_orders (
  account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  client_order_id text not null,
  action text not null default 'place'::text,
  intent_state text not null default 'submitting'::text,
  idempotency_key text,
  request_hash bytea,
  request jsonb,
  submitted_by text,
  token_path uuid[],
  token_id uuid generated always as token_path[cardinality(token_path)] stored,
  orchestrator_agent_id text,
  tag text,
  reason text,
  sleeve_id uuid,
  sleeve_cost numeric,
  reduce_only boolean not null default false,
  overshot_qty numeric not null default 0,
  wind_down_id uuid,
  reference_prices jsonb,
  requested_at timestamp with time zone,
  symbol text,
  side text,
  type text,
  time_in_force text,
  order_class text not null default ''::text,
  position_intent text,
  qty numeric,
  notional numeric,
  limit_price numeric,
  stop_price numeric,
  trail_price numeric,
  trail_percent numeric,
  hwm numeric,
  extended_hours boolean not null default false,
  alpaca_order_id uuid,
  parent_alpaca_order_id uuid,
  replaces uuid,
  replaced_by uuid,
  status text not null default 'submitting'::text,
  status_message text,
  is_open boolean not null generated always as (NOT app.is_ended(status)) stored,
  filled_qty numeric not null default 0,
  filled_avg_price numeric,
  taken_back boolean not null default false,
  broker_request_id text,
  broker_error_code integer,
  broker_refusal jsonb,
  broker_updated_at timestamp with time zone,
  broker_order jsonb,
  others jsonb not null generated always as app.other_order_fields(broker_order) stored,
  looked_up_at timestamp with time zone,
  lookups integer not null default 0,
  fills_qty numeric not null default 0,
  fills_avg_price numeric,
  fills_differ boolean not null generated always as ((NOT fills_awaited) AND ((import_id IS NULL) OR (broker_updated_at IS NOT NULL)) AND ((filled_qty <> fills_qty) OR (filled_avg_price IS DISTINCT FROM fills_avg_price))) stored,
  fills_asked_at timestamp with time zone,
  fills_asked integer not null default 0,
  fills_awaited boolean not null default false,
  import_id uuid,
  created_at timestamp with time zone not null default now(),
  submitted_at timestamp with time zone,
  filled_at timestamp with time zone,
  canceled_at timestamp with time zone,
  expired_at timestamp with time zone,
  failed_at timestamp with time zone,
  replaced_at timestamp with time zone,
  updated_at timestamp with time zone not null default now(),
  constraint alpaca_orders_pkey PRIMARY KEY (account_id, id),
  constraint alpaca_orders_account_id_alpaca_order_id_key UNIQUE (account_id, alpaca_order_id),
  constraint alpaca_orders_account_id_client_order_id_key UNIQUE (account_id, client_order_id),
  constraint alpaca_orders_account_id_idempotency_key_key UNIQUE (account_id, idempotency_key),
  constraint alpaca_orders_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint alpaca_orders_account_id_sleeve_id_fkey FOREIGN KEY (account_id, sleeve_id) REFERENCES app.sleeves(account_id, id),
  constraint alpaca_orders_account_id_wind_down_id_fkey FOREIGN KEY (account_id, wind_down_id) REFERENCES app.wind_downs(account_id, id),
  constraint alpaca_orders_action_check CHECK ((action = ANY (ARRAY['place'::text, 'replace'::text]))),
  constraint alpaca_orders_bounded CHECK (((app.json_size(request) <= 262144) AND (app.json_size(reference_prices) <= 262144) AND (app.json_size(broker_refusal) <= 262144) AND (app.json_size(broker_order) <= 262144) AND (app.json_size(others) <= 262144) AND app.are_amounts(ARRAY[qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, filled_qty, filled_avg_price, fills_qty, fills_avg_price, overshot_qty, sleeve_cost]))),
  constraint alpaca_orders_broker_refusal_check CHECK ((jsonb_typeof(broker_refusal) = 'object'::text)),
  constraint alpaca_orders_client_order_id_check CHECK (((char_length(client_order_id) >= 1) AND (char_length(client_order_id) <= 128))),
  constraint alpaca_orders_filled_qty_check CHECK ((filled_qty >= (0)::numeric)),
  constraint alpaca_orders_idempotency_key_check CHECK (((char_length(idempotency_key) >= 1) AND (char_length(idempotency_key) <= 255))),
  constraint alpaca_orders_intent_state_check CHECK ((intent_state = ANY (ARRAY['submitting'::text, 'accepted'::text, 'rejected'::text, 'unsent'::text, 'unknown'::text, 'dismissed'::text]))),
  constraint alpaca_orders_notional_check CHECK ((notional > (0)::numeric)),
  constraint alpaca_orders_orchestrator_agent_id_check CHECK ((char_length(orchestrator_agent_id) <= 128)),
  constraint alpaca_orders_overshot_qty_check CHECK ((overshot_qty >= (0)::numeric)),
  constraint alpaca_orders_qty_check CHECK ((qty > (0)::numeric)),
  constraint alpaca_orders_reason_check CHECK ((char_length(reason) <= 500)),
  constraint alpaca_orders_reference_prices_check CHECK ((jsonb_typeof(reference_prices) = 'object'::text)),
  constraint alpaca_orders_side_check CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text]))),
  constraint alpaca_orders_tag_check CHECK ((char_length(tag) <= 128)),
  constraint alpaca_orders_token_path_check CHECK (((cardinality(token_path) >= 1) AND (cardinality(token_path) <= 8))),
  constraint alpaca_orders_wind_down_reduces CHECK ((reduce_only OR (wind_down_id IS NULL)))
);
CREATE INDEX alpaca_orders_awaited_idx ON app.alpaca_orders USING btree (account_id, id) WHERE fills_awaited;
CREATE INDEX alpaca_orders_filled_idx ON app.alpaca_orders USING btree (account_id, symbol, (
CASE
    WHEN (filled_at IS NULL) THEN broker_updated_at
    ELSE filled_at
END) DESC) WHERE (filled_qty > (0)::numeric);
CREATE INDEX alpaca_orders_fills_idx ON app.alpaca_orders USING btree (account_id, created_at) WHERE (fills_differ AND (symbol IS NOT NULL));
CREATE INDEX alpaca_orders_import_idx ON app.alpaca_orders USING btree (account_id, import_id) WHERE (import_id IS NOT NULL);
CREATE INDEX alpaca_orders_newest_idx ON app.alpaca_orders USING btree (account_id, created_at DESC, id DESC);
CREATE INDEX alpaca_orders_open_idx ON app.alpaca_orders USING btree (account_id, created_at DESC, id DESC) WHERE is_open;
CREATE INDEX alpaca_orders_parent_idx ON app.alpaca_orders USING btree (account_id, parent_alpaca_order_id) WHERE (parent_alpaca_order_id IS NOT NULL);
CREATE INDEX alpaca_orders_sleeve_idx ON app.alpaca_orders USING btree (account_id, sleeve_id, created_at DESC, id DESC) WHERE (sleeve_id IS NOT NULL);
CREATE INDEX alpaca_orders_sleeve_unbooked_idx ON app.alpaca_orders USING btree (account_id, sleeve_id) WHERE ((sleeve_id IS NOT NULL) AND (is_open OR fills_differ));
CREATE INDEX alpaca_orders_submitting_idx ON app.alpaca_orders USING btree (account_id, created_at) WHERE (intent_state = 'submitting'::text);
CREATE INDEX alpaca_orders_token_idx ON app.alpaca_orders USING btree (account_id, created_at) WHERE (token_path IS NOT NULL);
CREATE INDEX alpaca_orders_unended_idx ON app.alpaca_orders USING btree (account_id, symbol) WHERE (NOT app.is_ended(status));
CREATE INDEX alpaca_orders_wind_down_idx ON app.alpaca_orders USING btree (account_id, wind_down_id) WHERE (wind_down_id IS NOT NULL);
alter table app.alpaca_orders enable row level security, force row level security;
-- without statistics: account_id, id, client_order_id, idempotency_key, request_hash, request, submitted_by, token_path, token_id, orchestrator_agent_id, tag, reason, sleeve_id, sleeve_cost, wind_down_id, reference_prices, symbol, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status_message, filled_qty, filled_avg_price, broker_request_id, broker_refusal, broker_order, others, fills_qty, fills_avg_price
create policy app_inserts on app.alpaca_orders for insert to paddock_app
  with check (((account_id = ( SELECT private.account_id('trade'::text) AS account_id)) AND (submitted_by = ( SELECT private.user_id() AS user_id))));
create policy app_reads on app.alpaca_orders for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy app_updates on app.alpaca_orders for update to paddock_app
  using (((account_id = ( SELECT private.account_id('trade'::text) AS account_id)) AND (intent_state = ANY (ARRAY['unsent'::text, 'unknown'::text]))))
  with check (((account_id = ( SELECT private.account_id('trade'::text) AS account_id)) AND (((intent_state = 'submitting'::text) AND (status = 'submitting'::text)) OR ((intent_state = 'dismissed'::text) AND (status = 'rejected'::text)))));
create policy gate_imports on app.alpaca_orders for insert to paddock_gate
  with check ((( SELECT private.is_operator() AS is_operator) AND (intent_state = ANY (ARRAY['accepted'::text, 'rejected'::text])) AND (EXISTS ( SELECT
   FROM private.imports i
  WHERE ((i.account_id = alpaca_orders.account_id) AND (i.id = alpaca_orders.import_id) AND (i.state = 'running'::text))))));
create policy gate_keeps on app.alpaca_orders for update to paddock_gate
  using ((( SELECT private.is_operator() AS is_operator) AND (EXISTS ( SELECT
   FROM private.imports i
  WHERE ((i.account_id = alpaca_orders.account_id) AND (i.id = alpaca_orders.import_id) AND (i.state = 'undoing'::text))))))
  with check ((import_id IS NULL));
create policy gate_reads on app.alpaca_orders for select to paddock_gate
  using (true);
create policy gate_undoes on app.alpaca_orders for delete to paddock_gate
  using ((( SELECT private.is_operator() AS is_operator) AND (EXISTS ( SELECT
   FROM private.imports i
  WHERE ((i.account_id = alpaca_orders.account_id) AND (i.id = alpaca_orders.import_id) AND (i.state = 'undoing'::text))))));
create policy recorder_all on app.alpaca_orders to paddock_recorder
  using ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)));
create policy report_reads on app.alpaca_orders for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
create policy worker_all on app.alpaca_orders to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id, id, client_order_id, action, intent_state, request_hash, submitted_by, orchestrator_agent_id, tag, sleeve_id, sleeve_cost, reduce_only, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, extended_hours, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status, is_open, filled_qty, filled_avg_price, broker_updated_at, broker_order, fills_qty, fills_differ, import_id, created_at, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at), insert (account_id, id, client_order_id, intent_state, submitted_by, orchestrator_agent_id, tag, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, extended_hours, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status, filled_qty, filled_avg_price, broker_order, import_id, created_at, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at), update (import_id), delete on app.alpaca_orders to paddock_gate;
grant select (account_id, id, client_order_id, submitted_by, token_id, orchestrator_agent_id, tag, reason, sleeve_id, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, extended_hours, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status, status_message, filled_qty, filled_avg_price, created_at, submitted_at, filled_at, canceled_at, updated_at) on app.alpaca_orders to paddock_report;
grant select, insert (account_id, id, client_order_id, action, idempotency_key, request_hash, request, submitted_by, orchestrator_agent_id, tag, reason, sleeve_id, reduce_only, reference_prices, requested_at, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, extended_hours, parent_alpaca_order_id, replaces), update (intent_state, reference_prices, requested_at, qty, status, status_message, looked_up_at, lookups, updated_at) on app.alpaca_orders to paddock_app;
grant select, insert (account_id, id, client_order_id, intent_state, request_hash, request, submitted_by, orchestrator_agent_id, tag, sleeve_id, reduce_only, wind_down_id, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, extended_hours, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status, filled_qty, filled_avg_price, broker_request_id, broker_updated_at, broker_order, fills_awaited, created_at, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at), update (intent_state, overshot_qty, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, extended_hours, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status, status_message, filled_qty, filled_avg_price, taken_back, broker_request_id, broker_error_code, broker_refusal, broker_updated_at, broker_order, looked_up_at, lookups, fills_qty, fills_avg_price, fills_asked_at, fills_asked, fills_awaited, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at) on app.alpaca_orders to paddock_worker;
grant select, insert (account_id, id, client_order_id, intent_state, submitted_by, orchestrator_agent_id, tag, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, extended_hours, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status, filled_qty, filled_avg_price, broker_request_id, broker_updated_at, broker_order, created_at, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at), update (intent_state, overshot_qty, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm, extended_hours, alpaca_order_id, parent_alpaca_order_id, replaces, replaced_by, status, status_message, filled_qty, filled_avg_price, taken_back, broker_request_id, broker_error_code, broker_refusal, broker_updated_at, broker_order, submitted_at, filled_at, canceled_at, expired_at, failed_at, replaced_at, updated_at) on app.alpaca_orders to paddock_recorder;
CREATE TRIGGER check_job_order BEFORE INSERT ON app.alpaca_orders FOR EACH ROW WHEN ((new.intent_state = 'submitting'::text)) EXECUTE FUNCTION private.check_job_order();
CREATE TRIGGER claim_client_order_id BEFORE INSERT ON app.alpaca_orders FOR EACH ROW WHEN (((new.intent_state = 'submitting'::text) AND (new.request_hash IS NOT NULL))) EXECUTE FUNCTION private.claim_client_order_id();
CREATE TRIGGER count_answer AFTER UPDATE OF intent_state ON app.alpaca_orders FOR EACH ROW WHEN (((new.request_hash IS NOT NULL) AND (new.wind_down_id IS NULL) AND (new.intent_state IS DISTINCT FROM old.intent_state) AND (new.intent_state = ANY (ARRAY['accepted'::text, 'rejected'::text])))) EXECUTE FUNCTION private.count_answer();
CREATE TRIGGER guard_again BEFORE UPDATE ON app.alpaca_orders FOR EACH ROW WHEN (((new.intent_state = 'submitting'::text) AND (old.intent_state <> 'submitting'::text))) EXECUTE FUNCTION app.guard_order();
CREATE TRIGGER guard_new BEFORE INSERT ON app.alpaca_orders FOR EACH ROW WHEN ((new.intent_state = 'submitting'::text)) EXECUTE FUNCTION app.guard_order();
CREATE TRIGGER inherit_parent_owner BEFORE UPDATE ON app.alpaca_orders FOR EACH ROW WHEN ((((old.parent_alpaca_order_id IS NULL) AND (new.parent_alpaca_order_id IS NOT NULL)) OR ((old.replaces IS NULL) AND (new.replaces IS NOT NULL)) OR ((new.submitted_by IS NULL) AND (new.sleeve_id IS NULL) AND (num_nonnulls(new.parent_alpaca_order_id, new.replaces) > 0)))) EXECUTE FUNCTION app.inherit_parent_owner();
CREATE TRIGGER inherit_sleeve BEFORE INSERT ON app.alpaca_orders FOR EACH ROW WHEN (((new.intent_state <> 'submitting'::text) AND ((new.parent_alpaca_order_id IS NOT NULL) OR (new.replaces IS NOT NULL)))) EXECUTE FUNCTION app.inherit_parent_owner();
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE ON app.alpaca_orders FOR EACH ROW EXECUTE FUNCTION private.note_change();
CREATE TRIGGER note_led_accepted AFTER UPDATE OF intent_state ON app.alpaca_orders FOR EACH ROW WHEN (((new.intent_state = 'accepted'::text) AND (old.intent_state <> 'accepted'::text) AND (new.parent_alpaca_order_id IS NULL))) EXECUTE FUNCTION private.note_led_order();
CREATE TRIGGER note_led_end AFTER UPDATE OF status ON app.alpaca_orders FOR EACH ROW WHEN (((new.status <> old.status) AND (old.intent_state = 'accepted'::text) AND (NOT new.is_open) AND (new.parent_alpaca_order_id IS NULL))) EXECUTE FUNCTION private.note_led_order();
CREATE TRIGGER note_led_new AFTER INSERT ON app.alpaca_orders FOR EACH ROW WHEN (((new.intent_state = 'accepted'::text) AND (new.parent_alpaca_order_id IS NULL) AND new.is_open AND (new.import_id IS NULL) AND (NOT new.fills_awaited))) EXECUTE FUNCTION private.note_led_order();
CREATE TRIGGER note_sent BEFORE INSERT ON app.alpaca_orders FOR EACH ROW WHEN (((new.request_hash IS NOT NULL) AND (new.intent_state <> 'unsent'::text))) EXECUTE FUNCTION private.count_sent_order();
CREATE TRIGGER note_sent_again BEFORE UPDATE ON app.alpaca_orders FOR EACH ROW WHEN (((new.request_hash IS NOT NULL) AND ((new.intent_state = 'unsent'::text) <> (old.intent_state = 'unsent'::text)))) EXECUTE FUNCTION private.count_sent_order();
CREATE TRIGGER note_stored BEFORE INSERT ON app.alpaca_orders FOR EACH ROW WHEN ((new.intent_state = 'submitting'::text)) EXECUTE FUNCTION private.count_order();
CREATE TRIGGER record_change AFTER UPDATE OF intent_state ON app.alpaca_orders FOR EACH ROW WHEN (((new.intent_state IS DISTINCT FROM old.intent_state) AND (new.intent_state = ANY (ARRAY['submitting'::text, 'rejected'::text, 'unsent'::text, 'dismissed'::text])))) EXECUTE FUNCTION private.record_order_change();
CREATE TRIGGER record_new AFTER INSERT ON app.alpaca_orders FOR EACH ROW WHEN ((new.intent_state = 'submitting'::text)) EXECUTE FUNCTION private.record_order_change();

-- What each account holds, as the broker says. A row of quantity 0 is a position that was closed.
create table app.alpaca_positions (
  account_id uuid not null,
  symbol text not null,
  asset_id uuid,
  asset_class text,
  exchange text,
  qty numeric not null,
  avg_entry_price numeric,
  cost_basis numeric,
  market_value numeric,
  current_price numeric,
  unrealized_pl numeric,
  broker_position jsonb,
  as_of timestamp with time zone not null,
  moves bigint not null default 0,
  counted_until timestamp with time zone,
  read_alone boolean not null default false,
  uncounted numeric not null default 0,
  import_id uuid,
  constraint alpaca_positions_pkey PRIMARY KEY (account_id, symbol),
  constraint alpaca_positions_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint alpaca_positions_bounded CHECK (((app.json_size(broker_position) <= 262144) AND app.are_amounts(ARRAY[qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, uncounted])))
);
alter table app.alpaca_positions enable row level security, force row level security;
-- without statistics: account_id, symbol, qty, avg_entry_price, cost_basis, market_value, unrealized_pl, broker_position, moves, counted_until, read_alone, uncounted
create policy app_reads on app.alpaca_positions for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_imports on app.alpaca_positions for insert to paddock_gate
  with check ((( SELECT private.is_operator() AS is_operator) AND (EXISTS ( SELECT
   FROM private.imports i
  WHERE ((i.account_id = alpaca_positions.account_id) AND (i.id = alpaca_positions.import_id) AND (i.state = 'running'::text))))));
create policy gate_keeps on app.alpaca_positions for update to paddock_gate
  using ((( SELECT private.is_operator() AS is_operator) AND (EXISTS ( SELECT
   FROM private.imports i
  WHERE ((i.account_id = alpaca_positions.account_id) AND (i.id = alpaca_positions.import_id) AND (i.state = 'undoing'::text))))))
  with check ((import_id IS NULL));
create policy gate_reads on app.alpaca_positions for select to paddock_gate
  using (true);
create policy gate_undoes on app.alpaca_positions for delete to paddock_gate
  using ((( SELECT private.is_operator() AS is_operator) AND (EXISTS ( SELECT
   FROM private.imports i
  WHERE ((i.account_id = alpaca_positions.account_id) AND (i.id = alpaca_positions.import_id) AND (i.state = 'undoing'::text))))));
create policy recorder_all on app.alpaca_positions to paddock_recorder
  using ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)));
create policy report_reads on app.alpaca_positions for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
create policy worker_all on app.alpaca_positions to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id, symbol, asset_class, qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, as_of) on app.alpaca_positions to paddock_report;
grant select on app.alpaca_positions to paddock_app;
grant select, insert (account_id, symbol, asset_id, asset_class, exchange, qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, as_of, import_id), update (import_id), delete on app.alpaca_positions to paddock_gate;
grant select, insert (account_id, symbol, asset_id, asset_class, exchange, qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, broker_position, as_of, moves, counted_until, read_alone, uncounted), update (asset_id, asset_class, exchange, qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, broker_position, as_of, moves, counted_until, read_alone, uncounted) on app.alpaca_positions to paddock_recorder;
grant select, insert (account_id, symbol, asset_id, asset_class, exchange, qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, broker_position, as_of, moves, counted_until, read_alone, uncounted), update (asset_id, asset_class, exchange, qty, avg_entry_price, cost_basis, market_value, current_price, unrealized_pl, broker_position, as_of, moves, counted_until, read_alone, uncounted) on app.alpaca_positions to paddock_worker;
CREATE TRIGGER tell_of_position AFTER INSERT OR UPDATE OF qty, current_price ON app.alpaca_positions FOR EACH ROW WHEN ((new.qty <> (0)::numeric)) EXECUTE FUNCTION private.note_position();

-- What each person said of an approval.
create table app.approval_words (
  account_id uuid not null,
  approval_id uuid not null,
  user_id text not null,
  word text not null,
  digest bytea not null,
  max_price_move numeric not null,
  note text,
  said_at timestamp with time zone not null default clock_timestamp(),
  constraint approval_words_pkey PRIMARY KEY (account_id, approval_id, user_id, word),
  constraint approval_words_account_id_approval_id_fkey FOREIGN KEY (account_id, approval_id) REFERENCES app.approvals(account_id, id) ON DELETE CASCADE,
  constraint approval_words_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint approval_words_bounded CHECK (app.is_amount(max_price_move)),
  constraint approval_words_digest_check CHECK ((octet_length(digest) = 32)),
  constraint approval_words_max_price_move_check CHECK (((max_price_move >= (0)::numeric) AND (max_price_move <= (100)::numeric))),
  constraint approval_words_note_check CHECK (((char_length(note) >= 1) AND (char_length(note) <= 500))),
  constraint approval_words_word_check CHECK ((word = ANY (ARRAY['approve'::text, 'refuse'::text])))
);
alter table app.approval_words enable row level security, force row level security;
-- without statistics: account_id, approval_id, user_id, digest, max_price_move, note
create policy app_reads on app.approval_words for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_all on app.approval_words to paddock_gate
  using (true)
  with check (true);
grant select on app.approval_words to paddock_app;
grant select, insert (account_id, approval_id, user_id, word, digest, max_price_move, note) on app.approval_words to paddock_gate;

-- What waits, or waited, for a person's word before it is done.
create table app.approvals (
  account_id uuid not null,
  id uuid not null,
  kind text not null,
  state text not null default 'pending'::text,
  request jsonb not null,
  digest bytea not null,
  reason text,
  proposed_by text not null,
  token_id uuid,
  client_order_id text,
  idempotency_key text,
  above numeric,
  worth numeric,
  prices jsonb,
  needed integer not null,
  four_eyes boolean not null,
  proposed_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone not null,
  decided_at timestamp with time zone,
  constraint approvals_pkey PRIMARY KEY (account_id, id),
  constraint approvals_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint approvals_bounded CHECK (((app.json_size(request) <= 262144) AND (app.json_size(prices) <= 262144) AND app.are_amounts(ARRAY[above, worth]))),
  constraint approvals_check CHECK (((decided_at IS NULL) = (state = 'pending'::text))),
  constraint approvals_check1 CHECK (((kind <> 'order'::text) OR ((prices IS NOT NULL) AND (worth IS NOT NULL) AND (above IS NOT NULL)))),
  constraint approvals_digest_check CHECK ((octet_length(digest) = 32)),
  constraint approvals_kind_check CHECK ((kind = ANY (ARRAY['order'::text, 'guards'::text, 'switch'::text, 'sleeve'::text, 'cash'::text, 'grant'::text, 'credentials'::text]))),
  constraint approvals_needed_check CHECK (((needed >= 1) AND (needed <= 10))),
  constraint approvals_prices_check CHECK ((jsonb_typeof(prices) = 'object'::text)),
  constraint approvals_reason_check CHECK (((char_length(reason) >= 1) AND (char_length(reason) <= 500))),
  constraint approvals_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'used'::text, 'refused'::text, 'expired'::text, 'withdrawn'::text, 'void'::text, 'failed'::text])))
);
CREATE INDEX approvals_client_order_id_idx ON app.approvals USING btree (account_id, client_order_id) WHERE (client_order_id IS NOT NULL);
CREATE INDEX approvals_key_idx ON app.approvals USING btree (account_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX approvals_newest_idx ON app.approvals USING btree (account_id, proposed_at DESC, id DESC);
CREATE INDEX approvals_pending_idx ON app.approvals USING btree (account_id, expires_at) WHERE (state = ANY (ARRAY['pending'::text, 'approved'::text]));
alter table app.approvals enable row level security, force row level security;
-- without statistics: account_id, id, request, digest, reason, proposed_by, token_id, client_order_id, idempotency_key, above, worth, prices
create policy app_reads on app.approvals for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_all on app.approvals to paddock_gate
  using (true)
  with check (true);
create policy report_reads on app.approvals for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
grant select (account_id, id, kind, state, reason, token_id, worth, needed, proposed_at, expires_at, decided_at) on app.approvals to paddock_report;
grant select on app.approvals to paddock_app;
grant select, insert (account_id, id, kind, request, digest, reason, proposed_by, token_id, client_order_id, idempotency_key, above, worth, prices, needed, four_eyes, expires_at), update (state, decided_at) on app.approvals to paddock_gate;
CREATE TRIGGER note_change AFTER INSERT OR UPDATE ON app.approvals FOR EACH ROW EXECUTE FUNCTION private.note_change();

-- What was bid and asked for an order's symbol when the order was sent.
create table app.arrival_quotes (
  account_id uuid not null,
  order_id uuid not null,
  bid numeric not null,
  ask numeric not null,
  asked_at timestamp with time zone not null default clock_timestamp(),
  constraint arrival_quotes_pkey PRIMARY KEY (account_id, order_id),
  constraint arrival_quotes_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint arrival_quotes_account_id_order_id_fkey FOREIGN KEY (account_id, order_id) REFERENCES app.alpaca_orders(account_id, id) ON DELETE CASCADE,
  constraint arrival_quotes_bounded CHECK ((app.are_amounts(ARRAY[bid, ask]) AND (bid >= (0)::numeric) AND (ask >= (0)::numeric)))
);
alter table app.arrival_quotes enable row level security, force row level security;
-- without statistics: account_id, order_id, bid, ask
create policy app_inserts on app.arrival_quotes for insert to paddock_app
  with check ((account_id = ( SELECT private.account_id('trade'::text) AS account_id)));
create policy app_reads on app.arrival_quotes for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy report_reads on app.arrival_quotes for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
grant select on app.arrival_quotes to paddock_report;
grant select, insert (account_id, order_id, bid, ask) on app.arrival_quotes to paddock_app;

-- Who did what on an account. Rows are never changed, and outlive the account.
create table app.audit_log (
  account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  at timestamp with time zone not null default clock_timestamp(),
  kind text not null,
  actor text,
  session_id text,
  request_id text,
  address text,
  request text,
  action text not null,
  detail jsonb not null default '{}'::jsonb,
  constraint audit_log_pkey PRIMARY KEY (account_id, at, id),
  constraint audit_log_action_check CHECK ((action ~ '^[a-z_]+\.[a-z_]+$'::text)),
  constraint audit_log_bounded CHECK ((app.json_size(detail) <= 65536)),
  constraint audit_log_kind_check CHECK ((kind = ANY (ARRAY['user'::text, 'worker'::text, 'operator'::text, 'reporting_login'::text, 'nobody'::text])))
) partition by RANGE (at);
alter table app.audit_log enable row level security, force row level security;
-- without statistics: account_id, actor, session_id, request_id, address, request, detail
create policy app_reads on app.audit_log for select to paddock_app
  using ((account_id = ( SELECT private.account_id('manage'::text) AS account_id)));
create policy gate_appends on app.audit_log for insert to paddock_gate
  with check (true);
create policy report_reads on app.audit_log for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
grant insert (account_id, kind, actor, session_id, request_id, address, request, action, detail) on app.audit_log to paddock_gate;
grant select (account_id, at, kind, actor, session_id, request_id, address, request, action, detail) on app.audit_log to paddock_report;
grant select on app.audit_log to paddock_app;

-- What each account was worth in each hour in which it was read, by the broker's figures.
create table app.balance_history (
  account_id uuid not null,
  hour timestamp with time zone not null,
  equity numeric not null,
  last_equity numeric not null,
  cash numeric,
  as_of timestamp with time zone not null,
  constraint balance_history_pkey PRIMARY KEY (account_id, hour),
  constraint balance_history_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint balance_history_bounded CHECK ((app.is_amount(equity) AND app.is_amount(last_equity) AND app.is_amount(cash))),
  constraint balance_history_hour_check CHECK ((hour = date_trunc('hour'::text, hour, 'UTC'::text)))
);
alter table app.balance_history enable row level security, force row level security;
-- without statistics: account_id, equity, last_equity, cash
create policy gate_all on app.balance_history to paddock_gate
  using (true)
  with check (true);
create policy report_reads on app.balance_history for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
grant select (account_id, hour, equity, last_equity, cash, as_of) on app.balance_history to paddock_report;
grant select, insert, update (equity, last_equity, cash, as_of) on app.balance_history to paddock_gate;

-- What was copied from leaders' orders, and what became of it.
create table app.copies (
  account_id uuid not null,
  id uuid not null,
  follow_id uuid not null,
  led_order_id uuid not null,
  action text not null,
  symbol text,
  side text,
  terms jsonb not null,
  closing boolean not null,
  replaced_id uuid,
  led_at timestamp with time zone not null default clock_timestamp(),
  state text not null default 'waiting'::text,
  reason text,
  leader_price numeric,
  leader_filled_at timestamp with time zone,
  settled boolean not null default false,
  constraint copies_pkey PRIMARY KEY (account_id, id),
  constraint copies_account_id_follow_id_led_order_id_action_key UNIQUE (account_id, follow_id, led_order_id, action),
  constraint copies_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint copies_account_id_follow_id_fkey FOREIGN KEY (account_id, follow_id) REFERENCES private.copy_follows(account_id, id) ON DELETE CASCADE,
  constraint copies_action_check CHECK ((action = ANY (ARRAY['order'::text, 'replace'::text, 'cancel'::text]))),
  constraint copies_bounded CHECK (((app.json_size(terms) <= 262144) AND app.is_amount(leader_price))),
  constraint copies_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'asked'::text, 'done'::text, 'failed'::text, 'canceled'::text, 'skipped'::text])))
);
CREATE INDEX copies_newest_idx ON app.copies USING btree (account_id, led_at DESC, id DESC);
CREATE INDEX copies_unsettled_idx ON app.copies USING btree (account_id, follow_id) WHERE (NOT settled);
CREATE UNIQUE INDEX copies_once_idx ON app.copies USING btree (account_id, follow_id, led_order_id) WHERE (action <> 'cancel'::text);
alter table app.copies enable row level security, force row level security;
-- without statistics: account_id, id, follow_id, led_order_id, symbol, terms, replaced_id, leader_price
create policy app_reads on app.copies for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_all on app.copies to paddock_gate
  using (true)
  with check (true);
create policy report_reads on app.copies for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
grant select (account_id, id, follow_id, action, symbol, side, led_at, state, reason, leader_price, leader_filled_at) on app.copies to paddock_app;
grant select (account_id, id, follow_id, action, symbol, side, led_at, state, reason, leader_price, leader_filled_at) on app.copies to paddock_report;
grant select, insert (account_id, id, follow_id, led_order_id, action, symbol, side, terms, closing, replaced_id), update (state, reason, leader_price, leader_filled_at, settled) on app.copies to paddock_gate;

-- Where an account's events are sent to, and how far: webhooks and notices.
create table app.destinations (
  account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  type text not null,
  address text,
  kinds text[],
  topics text[],
  time_zone text not null default 'UTC'::text,
  quiet_from time(0) without time zone,
  quiet_until time(0) without time zone,
  urgent boolean not null default true,
  summary_at time(0) without time zone,
  summary_since timestamp with time zone not null default clock_timestamp(),
  made_by text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  state text not null default 'on'::text,
  off_reason text,
  last_seq bigint not null,
  urgent_seq bigint not null default 0,
  gathered boolean not null default false,
  tries integer not null default 0,
  failing_since timestamp with time zone,
  due_at timestamp with time zone not null default clock_timestamp(),
  delivered_at timestamp with time zone,
  last_status integer,
  last_error text,
  holder uuid,
  live_until timestamp with time zone,
  constraint destinations_pkey PRIMARY KEY (account_id, id),
  constraint destinations_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint destinations_check CHECK (
CASE type
    WHEN 'webhook'::text THEN ((address ~ '^https?://'::text) AND (char_length(address) <= 2000))
    WHEN 'telegram'::text THEN (address ~ '^(-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,31})$'::text)
    WHEN 'discord'::text THEN (address ~ '^[0-9]{5,25}$'::text)
    ELSE (address IS NULL)
END),
  constraint destinations_check1 CHECK (((type = 'webhook'::text) = (topics IS NULL))),
  constraint destinations_check2 CHECK (((type = 'webhook'::text) OR (kinds IS NULL))),
  constraint destinations_check3 CHECK (((type <> 'webhook'::text) OR ((quiet_from IS NULL) AND (summary_at IS NULL)))),
  constraint destinations_check4 CHECK ((((quiet_from IS NULL) = (quiet_until IS NULL)) AND (quiet_from <> quiet_until))),
  constraint destinations_check5 CHECK (((state = 'off'::text) = (off_reason IS NOT NULL))),
  constraint destinations_check6 CHECK (((tries = 0) = (failing_since IS NULL))),
  constraint destinations_check7 CHECK (((holder IS NULL) = (live_until IS NULL))),
  constraint destinations_kinds_check CHECK (((kinds <@ ARRAY['order'::text, 'position'::text, 'agent_log'::text, 'account'::text, 'credentials'::text, 'guard'::text, 'journal'::text, 'job'::text, 'webhook'::text, 'notice'::text, 'history'::text, 'approval'::text, 'limit'::text, 'stream'::text, 'summary'::text]) AND (cardinality(kinds) >= 1))),
  constraint destinations_last_error_check CHECK ((char_length(last_error) <= 200)),
  constraint destinations_off_reason_check CHECK ((off_reason = ANY (ARRAY['asked'::text, 'failing'::text, 'no_access'::text]))),
  constraint destinations_state_check CHECK ((state = ANY (ARRAY['on'::text, 'off'::text]))),
  constraint destinations_time_zone_check CHECK (((time_zone ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$'::text) AND (char_length(time_zone) <= 64))),
  constraint destinations_topics_check CHECK (((topics <@ ARRAY['fills'::text, 'refusals'::text, 'orders'::text, 'approvals'::text, 'credentials'::text, 'stream'::text, 'limits'::text, 'switch'::text, 'positions'::text, 'agents'::text, 'account'::text]) AND (cardinality(topics) >= 1))),
  constraint destinations_type_check CHECK ((type = ANY (ARRAY['webhook'::text, 'email'::text, 'telegram'::text, 'discord'::text])))
);
CREATE INDEX destinations_on_idx ON app.destinations USING btree (account_id, id) WHERE (state = 'on'::text);
CREATE INDEX destinations_summary_idx ON app.destinations USING btree (account_id, id) WHERE ((state = 'on'::text) AND (summary_at IS NOT NULL));
alter table app.destinations enable row level security, force row level security;
-- without statistics: account_id, id, address, kinds, topics, time_zone, quiet_from, quiet_until, summary_at, made_by, last_seq, urgent_seq, last_error
create policy app_deletes on app.destinations for delete to paddock_app
  using ((account_id = ( SELECT private.account_id('manage'::text) AS account_id)));
create policy app_reads on app.destinations for select to paddock_app
  using ((account_id = ( SELECT private.account_id('manage'::text) AS account_id)));
create policy gate_all on app.destinations to paddock_gate
  using (true)
  with check (true);
grant select (account_id, id, type, address, kinds, topics, time_zone, quiet_from, quiet_until, urgent, summary_at, made_by, created_at, state, off_reason, last_seq, tries, failing_since, due_at, delivered_at, last_status, last_error), delete on app.destinations to paddock_app;
grant select, insert (account_id, id, type, address, kinds, topics, time_zone, quiet_from, quiet_until, urgent, summary_at, made_by, last_seq), update (topics, time_zone, quiet_from, quiet_until, urgent, summary_at, summary_since, state, off_reason, last_seq, urgent_seq, gathered, tries, failing_since, due_at, delivered_at, last_status, last_error, holder, live_until) on app.destinations to paddock_gate;
CREATE TRIGGER record_destination_change AFTER INSERT OR DELETE ON app.destinations FOR EACH ROW EXECUTE FUNCTION private.record_destination_change();

-- The number of each account's newest event. Whoever changes an account locks its row first.
create table app.event_heads (
  account_id uuid not null,
  last_seq bigint not null default 0,
  last_at timestamp with time zone,
  dropped_seq bigint not null default 0,
  dropped_at timestamp with time zone,
  changes bigint not null default 0,
  constraint event_heads_pkey PRIMARY KEY (account_id),
  constraint event_heads_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint event_heads_check CHECK (((dropped_seq >= 0) AND (dropped_seq <= last_seq))),
  constraint event_heads_check1 CHECK (((last_seq = 0) = (last_at IS NULL))),
  constraint event_heads_check2 CHECK (((dropped_seq = 0) = (dropped_at IS NULL))),
  constraint event_heads_last_seq_check CHECK ((last_seq >= 0))
);
alter table app.event_heads enable row level security, force row level security;
-- without statistics: account_id, last_seq
create policy app_reads on app.event_heads for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_all on app.event_heads to paddock_gate
  using (true)
  with check (true);
grant select on app.event_heads to paddock_app;
grant select, insert, update (last_seq, last_at, dropped_seq, dropped_at, changes) on app.event_heads to paddock_gate;

-- Exercises of options, as they were asked for. The guards count their shares while the contracts are held.
create table app.exercises (
  account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  contract text not null,
  symbol text not null,
  side text not null,
  qty numeric not null,
  price numeric not null,
  reference_price numeric,
  state text not null default 'asked'::text,
  asked_by text not null,
  requested_at timestamp with time zone not null default clock_timestamp(),
  constraint exercises_pkey PRIMARY KEY (account_id, id),
  constraint exercises_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint exercises_bounded CHECK ((app.is_amount(qty) AND app.is_amount(price) AND app.is_amount(reference_price))),
  constraint exercises_price_check CHECK ((price > (0)::numeric)),
  constraint exercises_qty_check CHECK ((qty > (0)::numeric)),
  constraint exercises_side_check CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text]))),
  constraint exercises_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'accepted'::text, 'refused'::text])))
);
CREATE INDEX exercises_symbol_idx ON app.exercises USING btree (account_id, symbol, requested_at);
alter table app.exercises enable row level security, force row level security;
-- without statistics: account_id, id, contract, symbol, qty, price, reference_price, asked_by
create policy app_inserts on app.exercises for insert to paddock_app
  with check (((account_id = ( SELECT private.account_id('trade'::text) AS account_id)) AND (asked_by = ( SELECT private.user_id() AS user_id))));
create policy app_reads on app.exercises for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_reads on app.exercises for select to paddock_gate
  using (true);
create policy recorder_all on app.exercises to paddock_recorder
  using ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)));
create policy worker_reads on app.exercises for select to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id, contract, side, qty, price, state, requested_at) on app.exercises to paddock_gate;
grant select on app.exercises to paddock_worker;
grant select, insert (account_id, id, contract, symbol, side, qty, price, reference_price, asked_by) on app.exercises to paddock_app;
grant select, update (state) on app.exercises to paddock_recorder;
CREATE TRIGGER guard_new BEFORE INSERT ON app.exercises FOR EACH ROW EXECUTE FUNCTION app.guard_exercise();

-- Executions of orders, one row each, including those that were taken back or corrected.
create table app.fills (
  account_id uuid not null,
  execution_id text collate "C" not null,
  id uuid not null default gen_random_uuid(),
  order_id uuid not null,
  alpaca_order_id uuid not null,
  symbol text not null,
  asset_class text not null,
  multiplier numeric not null,
  side text not null,
  qty numeric,
  price numeric,
  at timestamp with time zone not null,
  state text not null default 'live'::text,
  previous_execution_id text collate "C",
  source text not null,
  orchestrator_agent_id text,
  tag text,
  sleeve_id uuid,
  submitted_by text,
  token_id uuid,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  constraint fills_pkey PRIMARY KEY (account_id, execution_id),
  constraint fills_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint fills_account_id_order_id_fkey FOREIGN KEY (account_id, order_id) REFERENCES app.alpaca_orders(account_id, id) ON DELETE CASCADE,
  constraint fills_bounded CHECK ((app.is_amount(multiplier) AND app.is_amount(qty) AND app.is_amount(price))),
  constraint fills_check CHECK (((state <> 'live'::text) OR ((qty IS NOT NULL) AND (price IS NOT NULL)))),
  constraint fills_execution_id_check CHECK (((char_length(execution_id) >= 1) AND (char_length(execution_id) <= 255))),
  constraint fills_qty_check CHECK ((qty > (0)::numeric)),
  constraint fills_side_check CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text]))),
  constraint fills_source_check CHECK ((source = ANY (ARRAY['stream'::text, 'activities'::text]))),
  constraint fills_state_check CHECK ((state = ANY (ARRAY['live'::text, 'busted'::text, 'corrected'::text])))
);
CREATE INDEX fills_newest_idx ON app.fills USING btree (account_id, at DESC, id DESC);
CREATE INDEX fills_order_idx ON app.fills USING btree (account_id, order_id);
CREATE INDEX fills_previous_idx ON app.fills USING btree (account_id, previous_execution_id) WHERE (previous_execution_id IS NOT NULL);
CREATE INDEX fills_symbol_idx ON app.fills USING btree (account_id, symbol, at, execution_id);
alter table app.fills enable row level security, force row level security;
-- without statistics: account_id, execution_id, id, order_id, alpaca_order_id, symbol, qty, price, previous_execution_id, orchestrator_agent_id, tag, sleeve_id, submitted_by, token_id
create policy app_reads on app.fills for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_reads on app.fills for select to paddock_gate
  using (true);
create policy report_reads on app.fills for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
create policy worker_all on app.fills to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id, execution_id, id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, state, source, orchestrator_agent_id, tag, sleeve_id, submitted_by, token_id) on app.fills to paddock_report;
grant select (account_id, multiplier, side, qty, price, at, state, recorded_at) on app.fills to paddock_gate;
grant select on app.fills to paddock_app;
grant select, insert, update (qty, price, at, state, previous_execution_id), delete on app.fills to paddock_worker;
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE ON app.fills FOR EACH ROW EXECUTE FUNCTION private.note_change();

-- When each account had its last heartbeat.
create table app.heartbeats (
  account_id uuid not null,
  beaten_at timestamp with time zone not null,
  constraint heartbeats_pkey PRIMARY KEY (account_id),
  constraint heartbeats_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE
);
alter table app.heartbeats enable row level security, force row level security;
-- without statistics: account_id
create policy app_reads on app.heartbeats for select to paddock_app
  using ((account_id = ( SELECT private.account_id() AS account_id)));
create policy gate_all on app.heartbeats to paddock_gate
  using (true)
  with check (true);
grant select on app.heartbeats to paddock_app;
grant select, insert (account_id, beaten_at), update (beaten_at) on app.heartbeats to paddock_gate;

-- The highest equity of each account that was read since its owner last reset it.
create table app.high_water_marks (
  account_id uuid not null,
  equity numeric,
  reached_at timestamp with time zone,
  reset_at timestamp with time zone,
  constraint high_water_marks_pkey PRIMARY KEY (account_id),
  constraint high_water_marks_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint high_water_marks_bounded CHECK (app.is_amount(equity)),
  constraint high_water_marks_check CHECK (((equity IS NULL) = (reached_at IS NULL)))
);
alter table app.high_water_marks enable row level security, force row level security;
-- without statistics: account_id, equity
create policy app_reads on app.high_water_marks for select to paddock_app
  using ((account_id = ( SELECT private.account_id() AS account_id)));
create policy gate_all on app.high_water_marks to paddock_gate
  using (true)
  with check (true);
grant select on app.high_water_marks to paddock_app;
grant select, insert (account_id, equity, reached_at, reset_at), update (equity, reached_at, reset_at) on app.high_water_marks to paddock_gate;

-- How far the import of each account's history is: of the orders that were over before it was connected, and of their executions.
create table app.history_imports (
  account_id uuid not null,
  asked bigint not null default 1,
  asked_at timestamp with time zone not null default clock_timestamp(),
  asked_by text,
  begun bigint not null default 0,
  state text not null default 'done'::text,
  began_at timestamp with time zone,
  finished_at timestamp with time zone,
  until_at timestamp with time zone,
  order_id uuid,
  activity_id text,
  reached_at timestamp with time zone,
  orders_read bigint not null default 0,
  orders_added bigint not null default 0,
  executions_added bigint not null default 0,
  problem text,
  problem_at timestamp with time zone,
  updated_at timestamp with time zone not null default clock_timestamp(),
  constraint history_imports_pkey PRIMARY KEY (account_id),
  constraint history_imports_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint history_imports_check CHECK (((state = 'done'::text) = ((finished_at IS NOT NULL) OR (began_at IS NULL)))),
  constraint history_imports_check1 CHECK (((problem IS NULL) = (problem_at IS NULL))),
  constraint history_imports_problem_check CHECK ((char_length(problem) <= 500)),
  constraint history_imports_state_check CHECK ((state = ANY (ARRAY['orders'::text, 'executions'::text, 'round_trips'::text, 'done'::text])))
);
CREATE INDEX history_imports_underway_idx ON app.history_imports USING btree (account_id) WHERE ((state <> 'done'::text) OR (asked > begun));
alter table app.history_imports enable row level security, force row level security;
-- without statistics: account_id, asked_by, order_id, activity_id
create policy app_asks on app.history_imports for insert to paddock_app
  with check (((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)) AND (asked_by = ( SELECT private.user_id() AS user_id))));
create policy app_asks_again on app.history_imports for update to paddock_app
  using ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)))
  with check (((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)) AND (asked_by = ( SELECT private.user_id() AS user_id))));
create policy app_reads on app.history_imports for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_reads on app.history_imports for select to paddock_gate
  using (true);
create policy worker_all on app.history_imports to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id, asked, begun, state) on app.history_imports to paddock_gate;
grant select, insert (account_id, asked_by), update (asked, asked_at, asked_by) on app.history_imports to paddock_app;
grant select, insert (account_id, begun, began_at, finished_at, orders_read), update (begun, state, began_at, finished_at, until_at, order_id, activity_id, reached_at, orders_read, orders_added, executions_added, problem, problem_at, updated_at) on app.history_imports to paddock_worker;

-- Round trips as another system recorded them before its rows were moved here; the journal knows nothing of them.
create table app.imported_trading_positions (
  account_id uuid not null,
  import_id uuid not null,
  key text not null,
  symbol text,
  direction text,
  status text,
  qty numeric,
  entry_price numeric,
  exit_price numeric,
  realized_pl numeric,
  opened_at timestamp with time zone,
  closed_at timestamp with time zone,
  orchestrator_agent_id text,
  tag text,
  data jsonb not null,
  constraint imported_trading_positions_pkey PRIMARY KEY (account_id, import_id, key),
  constraint imported_trading_positions_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint imported_trading_positions_bounded CHECK ((app.is_amount(qty) AND app.is_amount(entry_price) AND app.is_amount(exit_price) AND app.is_amount(realized_pl) AND (app.json_size(data) <= 65536))),
  constraint imported_trading_positions_key_check CHECK ((char_length(key) <= 1000))
);
CREATE INDEX imported_trading_positions_opened_idx ON app.imported_trading_positions USING btree (account_id, opened_at DESC, key);
alter table app.imported_trading_positions enable row level security, force row level security;
-- without statistics: account_id, key, symbol, direction, status, qty, entry_price, exit_price, realized_pl, orchestrator_agent_id, tag, data
create policy app_reads on app.imported_trading_positions for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_imports on app.imported_trading_positions for insert to paddock_gate
  with check ((( SELECT private.is_operator() AS is_operator) AND (EXISTS ( SELECT
   FROM private.imports i
  WHERE ((i.account_id = imported_trading_positions.account_id) AND (i.id = imported_trading_positions.import_id) AND (i.state = 'running'::text))))));
create policy gate_reads on app.imported_trading_positions for select to paddock_gate
  using (( SELECT private.is_operator() AS is_operator));
create policy gate_undoes on app.imported_trading_positions for delete to paddock_gate
  using ((( SELECT private.is_operator() AS is_operator) AND (EXISTS ( SELECT
   FROM private.imports i
  WHERE ((i.account_id = imported_trading_positions.account_id) AND (i.id = imported_trading_positions.import_id) AND (i.state = 'undoing'::text))))));
create policy report_reads on app.imported_trading_positions for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
grant select (account_id, key, symbol, direction, status, qty, entry_price, exit_price, realized_pl, opened_at, closed_at, orchestrator_agent_id, tag, data) on app.imported_trading_positions to paddock_report;
grant select on app.imported_trading_positions to paddock_app;
grant select, insert, delete on app.imported_trading_positions to paddock_gate;

-- Requests that are carried out after they were answered, with what became of each.
create table app.jobs (
  account_id uuid not null,
  id uuid not null,
  seq bigint not null,
  kind text not null,
  state text not null default 'waiting'::text,
  idempotency_key text,
  client_order_id text,
  request jsonb not null,
  request_hash bytea not null,
  asked_by text not null,
  session_id text not null,
  origin text not null,
  accepted_at timestamp with time zone not null default clock_timestamp(),
  due_at timestamp with time zone not null default clock_timestamp(),
  began_at timestamp with time zone,
  ended_at timestamp with time zone,
  tries integer not null default 0,
  status integer,
  answer jsonb,
  constraint jobs_pkey PRIMARY KEY (account_id, id),
  constraint jobs_account_id_seq_key UNIQUE (account_id, seq),
  constraint jobs_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint jobs_bounded CHECK (((app.json_size(request) <= 262144) AND (app.json_size(answer) <= 1048576))),
  constraint jobs_check CHECK (((ended_at IS NULL) = (state = ANY (ARRAY['waiting'::text, 'pending_approval'::text, 'running'::text])))),
  constraint jobs_check1 CHECK (((state <> 'running'::text) OR (began_at IS NOT NULL))),
  constraint jobs_check2 CHECK (((status IS NULL) = (state = ANY (ARRAY['waiting'::text, 'pending_approval'::text, 'running'::text, 'canceled'::text])))),
  constraint jobs_client_order_id_check CHECK (((char_length(client_order_id) >= 1) AND (char_length(client_order_id) <= 128))),
  constraint jobs_idempotency_key_check CHECK (((char_length(idempotency_key) >= 1) AND (char_length(idempotency_key) <= 255))),
  constraint jobs_kind_check CHECK ((kind = 'order'::text)),
  constraint jobs_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'pending_approval'::text, 'running'::text, 'done'::text, 'failed'::text, 'canceled'::text]))),
  constraint jobs_status_check CHECK (((status >= 200) AND (status <= 599)))
);
CREATE INDEX jobs_due_idx ON app.jobs USING btree (account_id, kind, seq) WHERE ((ended_at IS NULL) AND (state <> 'pending_approval'::text));
CREATE INDEX jobs_newest_idx ON app.jobs USING btree (account_id, accepted_at DESC, id DESC);
CREATE INDEX jobs_unended_idx ON app.jobs USING btree (account_id, kind, seq) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX jobs_unended_client_order_id_idx ON app.jobs USING btree (account_id, client_order_id) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX jobs_unended_key_idx ON app.jobs USING btree (account_id, idempotency_key) WHERE (ended_at IS NULL);
alter table app.jobs enable row level security, force row level security;
-- without statistics: account_id, id, seq, idempotency_key, client_order_id, request, request_hash, asked_by, session_id, origin, answer
create policy app_inserts on app.jobs for insert to paddock_app
  with check (((account_id = ( SELECT private.account_id('trade'::text) AS account_id)) AND (asked_by = ( SELECT private.user_id() AS user_id))));
create policy app_reads on app.jobs for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_all on app.jobs to paddock_gate
  using (true)
  with check (true);
grant select (account_id, id, seq, kind, state, idempotency_key, client_order_id, request, request_hash, asked_by, accepted_at, due_at, began_at, ended_at, tries, status, answer), insert (account_id, id, kind, idempotency_key, client_order_id, request, request_hash) on app.jobs to paddock_app;
grant select, insert (account_id, id, seq, kind, idempotency_key, client_order_id, request, request_hash, asked_by, session_id, origin), update (state, due_at, began_at, ended_at, tries, status, answer), delete on app.jobs to paddock_gate;
CREATE TRIGGER accept_job BEFORE INSERT ON app.jobs FOR EACH ROW EXECUTE FUNCTION private.accept_job();
CREATE TRIGGER end_approval AFTER UPDATE OF state ON app.jobs FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL))) EXECUTE FUNCTION private.end_approval();
CREATE TRIGGER end_block_part AFTER UPDATE OF state ON app.jobs FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL))) EXECUTE FUNCTION private.end_block_part();
CREATE TRIGGER end_copy AFTER UPDATE OF state ON app.jobs FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL))) EXECUTE FUNCTION private.end_copy();

-- What changes a position or costs something without a trade: splits, fees, and what becomes of options.
create table app.journal_adjustments (
  account_id uuid not null,
  activity_id text collate "C" not null,
  kind text not null,
  sub_type text,
  symbol text,
  at timestamp with time zone not null,
  day date not null,
  qty numeric,
  price numeric,
  net_amount numeric not null default 0,
  group_id text,
  description text,
  canceled boolean not null default false,
  old_parts numeric,
  new_parts numeric,
  split_of text collate "C",
  orchestrator_agent_id text,
  tag text,
  sleeve_id uuid,
  attributed_to text,
  token_id uuid,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  constraint journal_adjustments_pkey PRIMARY KEY (account_id, activity_id),
  constraint journal_adjustments_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint journal_adjustments_activity_id_check CHECK (((char_length(activity_id) >= 1) AND (char_length(activity_id) <= 255))),
  constraint journal_adjustments_bounded CHECK ((app.is_amount(qty) AND app.is_amount(price) AND app.is_amount(net_amount) AND app.is_amount(old_parts) AND app.is_amount(new_parts))),
  constraint journal_adjustments_kind_check CHECK ((kind = ANY (ARRAY['SPLIT'::text, 'FEE'::text, 'CFEE'::text, 'OPEXP'::text, 'OPEXC'::text, 'OPASN'::text, 'OPTRD'::text])))
);
CREATE INDEX journal_adjustments_newest_idx ON app.journal_adjustments USING btree (account_id, at DESC);
CREATE INDEX journal_adjustments_symbol_idx ON app.journal_adjustments USING btree (account_id, symbol, at, activity_id);
alter table app.journal_adjustments enable row level security, force row level security;
-- without statistics: account_id, activity_id, sub_type, symbol, day, qty, price, net_amount, group_id, description, old_parts, new_parts, split_of, orchestrator_agent_id, tag, sleeve_id, attributed_to, token_id
create policy app_reads on app.journal_adjustments for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy report_reads on app.journal_adjustments for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
create policy worker_all on app.journal_adjustments to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id, activity_id, kind, sub_type, symbol, at, day, qty, price, net_amount, description, canceled, old_parts, new_parts, split_of, orchestrator_agent_id, tag, sleeve_id, attributed_to, token_id) on app.journal_adjustments to paddock_report;
grant select on app.journal_adjustments to paddock_app;
grant select, insert (account_id, activity_id, kind, sub_type, symbol, at, day, qty, price, net_amount, group_id, description, canceled), update (canceled, old_parts, new_parts, split_of, orchestrator_agent_id, tag, sleeve_id, attributed_to, token_id) on app.journal_adjustments to paddock_worker;

-- Where the journal and the broker hold different quantities, since when, and from which round trips on no profit is shown.
create table app.journal_gaps (
  account_id uuid not null,
  symbol text not null,
  journal_qty numeric not null,
  broker_qty numeric not null,
  trips_since timestamp with time zone not null,
  logged_gap numeric,
  since timestamp with time zone not null default clock_timestamp(),
  constraint journal_gaps_pkey PRIMARY KEY (account_id, symbol),
  constraint journal_gaps_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint journal_gaps_bounded CHECK ((app.is_amount(journal_qty) AND app.is_amount(broker_qty) AND app.is_amount(logged_gap))),
  constraint journal_gaps_check CHECK ((broker_qty <> journal_qty))
);
alter table app.journal_gaps enable row level security, force row level security;
-- without statistics: account_id, symbol, journal_qty, broker_qty, logged_gap
create policy app_reads on app.journal_gaps for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy report_reads on app.journal_gaps for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
create policy worker_all on app.journal_gaps to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id, symbol, journal_qty, broker_qty, trips_since, since) on app.journal_gaps to paddock_report;
grant select on app.journal_gaps to paddock_app;
grant select, insert (account_id, symbol, journal_qty, broker_qty, trips_since, logged_gap), update (journal_qty, broker_qty, trips_since, logged_gap), delete on app.journal_gaps to paddock_worker;
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE ON app.journal_gaps FOR EACH ROW EXECUTE FUNCTION private.note_change();

-- The answers to requests that send several orders, for their retries; and the idempotency keys of turns of the switch.
create table app.kept_answers (
  account_id uuid not null,
  idempotency_key text not null,
  request_hash bytea not null,
  answer jsonb,
  asked_by text not null,
  asked_at timestamp with time zone not null default clock_timestamp(),
  constraint kept_answers_pkey PRIMARY KEY (account_id, idempotency_key),
  constraint kept_answers_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint kept_answers_bounded CHECK ((app.json_size(answer) <= 16777216)),
  constraint kept_answers_idempotency_key_check CHECK (((char_length(idempotency_key) >= 1) AND (char_length(idempotency_key) <= 255)))
);
alter table app.kept_answers enable row level security, force row level security;
-- without statistics: account_id, idempotency_key, request_hash, answer, asked_by
create policy app_deletes on app.kept_answers for delete to paddock_app
  using (((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)) AND (answer IS NULL)));
create policy app_inserts on app.kept_answers for insert to paddock_app
  with check (((account_id = ( SELECT private.account_id('trade'::text) AS account_id)) AND (asked_by = ( SELECT private.user_id() AS user_id))));
create policy app_reads on app.kept_answers for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy app_updates on app.kept_answers for update to paddock_app
  using (((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)) AND (answer IS NULL)))
  with check ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)));
create policy gate_all on app.kept_answers to paddock_gate
  using (true)
  with check (true);
grant select, insert (account_id, idempotency_key, request_hash, asked_by) on app.kept_answers to paddock_gate;
grant select, insert (account_id, idempotency_key, request_hash, asked_by), update (answer), delete on app.kept_answers to paddock_app;
CREATE TRIGGER count_kept_answer BEFORE INSERT ON app.kept_answers FOR EACH ROW WHEN ((CURRENT_USER = 'paddock_app'::name)) EXECUTE FUNCTION private.count_kept_answer();

-- Items of the broker that are not in its documented form, as they came.
create table app.odd_items (
  account_id uuid not null,
  what text not null,
  item_id text not null,
  why text not null,
  said text not null,
  unread boolean not null,
  uncounted boolean not null,
  first_at timestamp with time zone not null default clock_timestamp(),
  last_at timestamp with time zone not null default clock_timestamp(),
  constraint odd_items_pkey PRIMARY KEY (account_id, what, item_id),
  constraint odd_items_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint odd_items_item_id_check CHECK (((char_length(item_id) >= 1) AND (char_length(item_id) <= 200))),
  constraint odd_items_what_check CHECK ((what = ANY (ARRAY['order'::text, 'position'::text, 'activity'::text, 'update'::text]))),
  constraint odd_items_why_check CHECK ((char_length(why) <= 2000))
);
alter table app.odd_items enable row level security, force row level security;
-- without statistics: account_id, item_id, why, said
create policy app_reads on app.odd_items for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy worker_all on app.odd_items to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select on app.odd_items to paddock_app;
grant select, insert (account_id, what, item_id, why, said, unread, uncounted), update (why, said, unread, uncounted, last_at), delete on app.odd_items to paddock_worker;

-- How many orders were sent from here on each of the last days, by New York's calendar.
create table app.order_counts (
  account_id uuid not null,
  day date not null,
  sent integer not null,
  constraint order_counts_pkey PRIMARY KEY (account_id, day),
  constraint order_counts_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint order_counts_sent_check CHECK ((sent >= 0))
);
alter table app.order_counts enable row level security, force row level security;
-- without statistics: account_id, sent
create policy app_reads on app.order_counts for select to paddock_app
  using ((account_id = ( SELECT private.account_id() AS account_id)));
create policy gate_all on app.order_counts to paddock_gate
  using (true)
  with check (true);
grant select on app.order_counts to paddock_app;
grant select, insert (account_id, day, sent), update (sent), delete on app.order_counts to paddock_gate;

-- How many orders of each account were refused in a row.
create table app.refusal_runs (
  account_id uuid not null,
  refusals integer not null,
  constraint refusal_runs_pkey PRIMARY KEY (account_id),
  constraint refusal_runs_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint refusal_runs_refusals_check CHECK ((refusals >= 0))
);
alter table app.refusal_runs enable row level security, force row level security;
-- without statistics: account_id, refusals
create policy app_reads on app.refusal_runs for select to paddock_app
  using ((account_id = ( SELECT private.account_id() AS account_id)));
create policy gate_all on app.refusal_runs to paddock_gate
  using (true)
  with check (true);
grant select on app.refusal_runs to paddock_app;
grant select, insert (account_id, refusals), update (refusals) on app.refusal_runs to paddock_gate;

-- When a request for an order was last refused before it made one: an older request for the same order makes none any more.
create table app.refused_requests (
  account_id uuid not null,
  idempotency_key text not null,
  client_order_id text not null,
  refused_at timestamp with time zone not null default clock_timestamp(),
  constraint refused_requests_pkey PRIMARY KEY (account_id, idempotency_key, client_order_id),
  constraint refused_requests_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint refused_requests_check CHECK (((idempotency_key <> ''::text) OR (client_order_id <> ''::text))),
  constraint refused_requests_client_order_id_check CHECK ((char_length(client_order_id) <= 128)),
  constraint refused_requests_idempotency_key_check CHECK ((char_length(idempotency_key) <= 255))
);
alter table app.refused_requests enable row level security, force row level security;
-- without statistics: account_id, idempotency_key, client_order_id
create policy app_deletes on app.refused_requests for delete to paddock_app
  using (((account_id = ( SELECT private.account_id('trade'::text) AS account_id)) AND (refused_at < (now() - '01:00:00'::interval))));
create policy app_inserts on app.refused_requests for insert to paddock_app
  with check ((account_id = ( SELECT private.account_id('trade'::text) AS account_id)));
create policy app_reads on app.refused_requests for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy app_updates on app.refused_requests for update to paddock_app
  using ((account_id = ( SELECT private.account_id('trade'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('trade'::text) AS account_id)));
grant select, insert (account_id, idempotency_key, client_order_id), update (refused_at), delete on app.refused_requests to paddock_app;
CREATE TRIGGER refuse_waiting_job AFTER INSERT OR UPDATE ON app.refused_requests FOR EACH ROW EXECUTE FUNCTION private.refuse_waiting_job();

-- Symbols whose round trips are to be computed again after an import of executions, and how far that is.
create table app.round_trips_due (
  account_id uuid not null,
  symbol text not null,
  since timestamp with time zone not null,
  reached_at timestamp with time zone,
  reached_id text collate "C",
  constraint round_trips_due_pkey PRIMARY KEY (account_id, symbol),
  constraint round_trips_due_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint round_trips_due_check CHECK (((reached_at IS NULL) = (reached_id IS NULL)))
);
alter table app.round_trips_due enable row level security, force row level security;
-- without statistics: account_id, symbol, reached_id
create policy app_reads on app.round_trips_due for select to paddock_app
  using ((account_id = ( SELECT private.account_id() AS account_id)));
create policy gate_reads on app.round_trips_due for select to paddock_gate
  using (true);
create policy worker_all on app.round_trips_due to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id) on app.round_trips_due to paddock_app;
grant select (account_id) on app.round_trips_due to paddock_gate;
grant select, insert (account_id, symbol, since), update (since, reached_at, reached_id), delete on app.round_trips_due to paddock_worker;

-- Cash that was moved into a sleeve, out of one, or from one to another.
create table app.sleeve_transfers (
  account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  from_sleeve_id uuid,
  to_sleeve_id uuid,
  amount numeric not null,
  note text,
  made_by text not null,
  made_at timestamp with time zone not null default clock_timestamp(),
  idempotency_key text,
  constraint sleeve_transfers_pkey PRIMARY KEY (account_id, id),
  constraint sleeve_transfers_account_id_idempotency_key_key UNIQUE (account_id, idempotency_key),
  constraint sleeve_transfers_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint sleeve_transfers_account_id_from_sleeve_id_fkey FOREIGN KEY (account_id, from_sleeve_id) REFERENCES app.sleeves(account_id, id),
  constraint sleeve_transfers_account_id_to_sleeve_id_fkey FOREIGN KEY (account_id, to_sleeve_id) REFERENCES app.sleeves(account_id, id),
  constraint sleeve_transfers_bounded CHECK (((amount > (0)::numeric) AND app.is_amount(amount))),
  constraint sleeve_transfers_check CHECK ((from_sleeve_id IS DISTINCT FROM to_sleeve_id)),
  constraint sleeve_transfers_idempotency_key_check CHECK (((char_length(idempotency_key) >= 1) AND (char_length(idempotency_key) <= 255))),
  constraint sleeve_transfers_note_check CHECK (((char_length(note) >= 1) AND (char_length(note) <= 500)))
);
CREATE INDEX sleeve_transfers_from_idx ON app.sleeve_transfers USING btree (account_id, from_sleeve_id);
CREATE INDEX sleeve_transfers_newest_idx ON app.sleeve_transfers USING btree (account_id, made_at DESC, id DESC);
CREATE INDEX sleeve_transfers_to_idx ON app.sleeve_transfers USING btree (account_id, to_sleeve_id);
alter table app.sleeve_transfers enable row level security, force row level security;
-- without statistics: account_id, id, from_sleeve_id, to_sleeve_id, amount, note, made_by, idempotency_key
create policy app_reads on app.sleeve_transfers for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_all on app.sleeve_transfers to paddock_gate
  using (true)
  with check (true);
create policy report_reads on app.sleeve_transfers for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
grant select (account_id, id, from_sleeve_id, to_sleeve_id, amount, note, made_at) on app.sleeve_transfers to paddock_report;
grant select on app.sleeve_transfers to paddock_app;
grant select, insert (account_id, id, from_sleeve_id, to_sleeve_id, amount, note, made_by, idempotency_key) on app.sleeve_transfers to paddock_gate;

-- Parts of accounts with cash and positions of their own. What belongs to none of them is unassigned.
create table app.sleeves (
  account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  name text not null,
  switch text not null default 'open'::text,
  max_order_notional numeric,
  max_position_notional numeric,
  allowed_symbols text[],
  max_drawdown numeric,
  approval_above numeric,
  transferred numeric not null default 0,
  traded numeric not null default 0,
  fees numeric not null default 0,
  realized_pl numeric not null default 0,
  cash numeric not null generated always as (transferred + traded) stored,
  highest_pl numeric default 0,
  made_by text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  updated_at timestamp with time zone not null default clock_timestamp(),
  closed_at timestamp with time zone,
  constraint sleeves_pkey PRIMARY KEY (account_id, id),
  constraint sleeves_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint sleeves_allowed_symbols_check CHECK ((array_length(allowed_symbols, 1) <= 500)),
  constraint sleeves_bounded CHECK ((app.is_amount(max_order_notional) AND app.is_amount(max_position_notional) AND app.is_amount(approval_above) AND (approval_above >= (0)::numeric) AND app.is_amount(transferred) AND app.is_amount(max_drawdown) AND app.is_amount(highest_pl) AND app.is_amount(traded) AND app.is_amount(fees) AND app.is_amount(realized_pl) AND app.is_amount(cash))),
  constraint sleeves_max_drawdown_check CHECK ((max_drawdown >= (0)::numeric)),
  constraint sleeves_max_order_notional_check CHECK ((max_order_notional >= (0)::numeric)),
  constraint sleeves_max_position_notional_check CHECK ((max_position_notional >= (0)::numeric)),
  constraint sleeves_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 80))),
  constraint sleeves_switch_check CHECK ((switch = ANY (ARRAY['open'::text, 'reduce_only'::text, 'halted'::text])))
);
CREATE UNIQUE INDEX sleeves_name_idx ON app.sleeves USING btree (account_id, name) WHERE (closed_at IS NULL);
alter table app.sleeves enable row level security, force row level security;
-- without statistics: account_id, id, name, max_order_notional, max_position_notional, allowed_symbols, max_drawdown, approval_above, transferred, traded, fees, realized_pl, cash, highest_pl, made_by
create policy app_reads on app.sleeves for select to paddock_app
  using ((account_id = ( SELECT private.account_id() AS account_id)));
create policy gate_all on app.sleeves to paddock_gate
  using (true)
  with check (true);
create policy report_reads on app.sleeves for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
create policy worker_reads on app.sleeves for select to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id, id, name, switch, max_order_notional, max_position_notional, transferred, traded, fees, realized_pl, cash, created_at, closed_at) on app.sleeves to paddock_report;
grant select on app.sleeves to paddock_app;
grant select on app.sleeves to paddock_worker;
grant select, insert (account_id, id, name, switch, max_order_notional, max_position_notional, allowed_symbols, max_drawdown, approval_above, made_by), update (name, switch, max_order_notional, max_position_notional, allowed_symbols, max_drawdown, approval_above, transferred, traded, fees, realized_pl, highest_pl, updated_at, closed_at) on app.sleeves to paddock_gate;
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE ON app.sleeves FOR EACH ROW EXECUTE FUNCTION private.note_change();

-- How far each account's mirror is: the last update that its stream has applied, and when it last agreed with the broker.
create table app.stream_cursors (
  account_id uuid not null,
  last_event_id text,
  agreed_at timestamp with time zone,
  max_age interval not null default '00:01:00'::interval,
  doubts bigint not null default 0,
  doubts_settled bigint not null default 0,
  streaming text,
  unbroken_since timestamp with time zone,
  note text,
  last_error text,
  last_error_at timestamp with time zone,
  sync_error text,
  sync_error_at timestamp with time zone,
  newest_order_at timestamp with time zone,
  updated_at timestamp with time zone not null default now(),
  constraint stream_cursors_pkey PRIMARY KEY (account_id),
  constraint stream_cursors_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint stream_cursors_check CHECK (((streaming IS NULL) = (unbroken_since IS NULL))),
  constraint stream_cursors_check1 CHECK (((sync_error IS NULL) = (sync_error_at IS NULL))),
  constraint stream_cursors_last_error_check CHECK ((char_length(last_error) <= 500)),
  constraint stream_cursors_max_age_check CHECK ((max_age > '00:00:00'::interval)),
  constraint stream_cursors_note_check CHECK ((char_length(note) <= 500)),
  constraint stream_cursors_streaming_check CHECK ((streaming = ANY (ARRAY['sse'::text, 'ws'::text]))),
  constraint stream_cursors_sync_error_check CHECK ((char_length(sync_error) <= 500))
);
alter table app.stream_cursors enable row level security, force row level security;
-- without statistics: account_id, last_event_id
create policy app_reads on app.stream_cursors for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_doubts on app.stream_cursors for update to paddock_gate
  using (true)
  with check (true);
create policy gate_reads on app.stream_cursors for select to paddock_gate
  using (true);
create policy recorder_all on app.stream_cursors to paddock_recorder
  using ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)));
create policy worker_all on app.stream_cursors to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select on app.stream_cursors to paddock_app;
grant select, insert (account_id, last_event_id, agreed_at, max_age, doubts_settled, streaming, unbroken_since, note, last_error, last_error_at, sync_error, sync_error_at, newest_order_at), update (last_event_id, agreed_at, max_age, doubts, doubts_settled, streaming, unbroken_since, note, last_error, last_error_at, sync_error, sync_error_at, newest_order_at, updated_at) on app.stream_cursors to paddock_worker;
grant select, update (doubts) on app.stream_cursors to paddock_gate;
grant select, update (doubts) on app.stream_cursors to paddock_recorder;

-- Which instance of the server holds which account's stream, for as long as the instance lives.
create table app.stream_leases (
  account_id uuid not null,
  holder uuid,
  fence bigint not null default 1,
  constraint stream_leases_pkey PRIMARY KEY (account_id),
  constraint stream_leases_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE
);
CREATE INDEX stream_leases_holder_idx ON app.stream_leases USING btree (holder);
alter table app.stream_leases enable row level security, force row level security;
create policy gate_all on app.stream_leases to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (holder, fence), delete on app.stream_leases to paddock_gate;

-- Who asked for a reconciliation of an account, and what the last one found.
create table app.syncs (
  account_id uuid not null,
  asked bigint not null default 1,
  asked_at timestamp with time zone not null default clock_timestamp(),
  asked_by text not null,
  answered bigint not null default 0,
  answered_at timestamp with time zone,
  answer jsonb,
  constraint syncs_pkey PRIMARY KEY (account_id),
  constraint syncs_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint syncs_bounded CHECK ((app.json_size(answer) <= 16777216)),
  constraint syncs_check CHECK (((answered_at IS NULL) = (answer IS NULL)))
);
CREATE INDEX syncs_unanswered_idx ON app.syncs USING btree (account_id) WHERE (asked > answered);
alter table app.syncs enable row level security, force row level security;
-- without statistics: account_id, asked_by, answer
create policy app_asks on app.syncs for insert to paddock_app
  with check (((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)) AND (asked_by = ( SELECT private.user_id() AS user_id))));
create policy app_asks_again on app.syncs for update to paddock_app
  using ((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)))
  with check (((account_id = ( SELECT private.account_id('cancel'::text) AS account_id)) AND (asked_by = ( SELECT private.user_id() AS user_id))));
create policy app_reads on app.syncs for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_reads on app.syncs for select to paddock_gate
  using (true);
create policy worker_answers on app.syncs for update to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
create policy worker_reads on app.syncs for select to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id, asked, asked_at, answered) on app.syncs to paddock_gate;
grant select, insert (account_id, asked_by), update (asked, asked_at, asked_by) on app.syncs to paddock_app;
grant select, update (answered, answered_at, answer) on app.syncs to paddock_worker;

-- Round trips, from a position's opening to its close: of the account as a whole, and of each agent, tag, sleeve, user and API token.
create table app.trading_positions (
  account_id uuid not null,
  id uuid not null,
  scope text not null,
  scope_value text not null,
  symbol text not null,
  asset_class text not null,
  multiplier numeric not null,
  direction text not null,
  opened_at timestamp with time zone not null,
  opened_id text collate "C" not null,
  opening_qty numeric not null,
  last_at timestamp with time zone not null,
  last_id text collate "C" not null,
  closed_at timestamp with time zone,
  entry_qty numeric not null,
  entry_notional numeric not null,
  exit_qty numeric not null,
  exit_notional numeric not null,
  held_cost numeric not null,
  max_qty numeric not null,
  fees numeric not null,
  fills integer not null,
  realized_pl numeric not null generated always as (multiplier *
CASE direction
    WHEN 'long'::text THEN ((exit_notional - entry_notional) + held_cost)
    ELSE ((entry_notional - held_cost) - exit_notional)
END) stored,
  constraint trading_positions_pkey PRIMARY KEY (account_id, id),
  constraint trading_positions_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint trading_positions_bounded CHECK (app.are_amounts(ARRAY[multiplier, opening_qty, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, realized_pl])),
  constraint trading_positions_check CHECK (((scope = 'account'::text) = (scope_value = ''::text))),
  constraint trading_positions_check1 CHECK (((exit_qty >= (0)::numeric) AND (exit_qty <= entry_qty))),
  constraint trading_positions_check2 CHECK (((closed_at IS NULL) = (exit_qty < entry_qty))),
  constraint trading_positions_check3 CHECK (((closed_at IS NULL) OR (held_cost = (0)::numeric))),
  constraint trading_positions_direction_check CHECK ((direction = ANY (ARRAY['long'::text, 'short'::text]))),
  constraint trading_positions_entry_qty_check CHECK ((entry_qty > (0)::numeric)),
  constraint trading_positions_opening_qty_check CHECK ((opening_qty > (0)::numeric)),
  constraint trading_positions_scope_check CHECK ((scope = ANY (ARRAY['account'::text, 'agent'::text, 'tag'::text, 'sleeve'::text, 'user'::text, 'token'::text])))
);
CREATE INDEX trading_positions_closed_idx ON app.trading_positions USING btree (account_id, closed_at DESC) WHERE (closed_at IS NOT NULL);
CREATE INDEX trading_positions_opened_idx ON app.trading_positions USING btree (account_id, scope, opened_at DESC, id DESC);
CREATE INDEX trading_positions_place_idx ON app.trading_positions USING btree (account_id, symbol, scope, scope_value, last_at, last_id);
CREATE INDEX trading_positions_value_idx ON app.trading_positions USING btree (account_id, scope, scope_value, opened_at DESC, id DESC) WHERE (scope <> 'account'::text);
CREATE UNIQUE INDEX trading_positions_open_idx ON app.trading_positions USING btree (account_id, scope, scope_value, symbol) WHERE (closed_at IS NULL);
alter table app.trading_positions enable row level security, force row level security;
-- without statistics: account_id, id, scope_value, symbol, opened_id, opening_qty, last_id, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, realized_pl
create policy app_reads on app.trading_positions for select to paddock_app
  using ((account_id = ( SELECT private.account_id('read'::text) AS account_id)));
create policy gate_reads on app.trading_positions for select to paddock_gate
  using (true);
create policy report_reads on app.trading_positions for select to paddock_report
  using ((account_id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
create policy worker_all on app.trading_positions to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, closed_at, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills, realized_pl) on app.trading_positions to paddock_report;
grant select (account_id, scope, scope_value, symbol, multiplier, direction, closed_at, entry_qty, exit_qty, fees, realized_pl) on app.trading_positions to paddock_gate;
grant select on app.trading_positions to paddock_app;
grant select, insert, update (last_at, last_id, closed_at, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills), delete on app.trading_positions to paddock_worker;
CREATE TRIGGER book_round_trip AFTER INSERT OR UPDATE ON app.trading_positions FOR EACH ROW WHEN ((new.scope = 'sleeve'::text)) EXECUTE FUNCTION private.book_round_trip();
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE ON app.trading_positions FOR EACH ROW EXECUTE FUNCTION private.note_change();
CREATE TRIGGER unbook_round_trip AFTER DELETE ON app.trading_positions FOR EACH ROW WHEN ((old.scope = 'sleeve'::text)) EXECUTE FUNCTION private.book_round_trip();

-- Brokerage accounts: one row each, and its id is the account_id of every other table.
create table app.user_accounts (
  id uuid not null default gen_random_uuid(),
  user_id text not null,
  name text not null,
  environment text not null,
  alpaca_account_id uuid,
  alpaca_account_number text,
  is_active boolean not null default true,
  stream_mode text not null default 'auto'::text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint user_accounts_pkey PRIMARY KEY (id),
  constraint user_accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE,
  constraint user_accounts_environment_check CHECK ((environment = ANY (ARRAY['paper'::text, 'live'::text]))),
  constraint user_accounts_name_check CHECK (((name = btrim(name)) AND ((char_length(name) >= 1) AND (char_length(name) <= 80)))),
  constraint user_accounts_stream_mode_check CHECK ((stream_mode = ANY (ARRAY['auto'::text, 'sse'::text, 'ws'::text, 'off'::text])))
);
CREATE UNIQUE INDEX user_accounts_user_id_broker_account_key ON app.user_accounts USING btree (md5(((((char_length(user_id) || ':'::text) || user_id) || environment) || (alpaca_account_id)::text)));
CREATE UNIQUE INDEX user_accounts_user_id_name_key ON app.user_accounts USING btree (md5((((char_length(user_id) || ':'::text) || user_id) || name)));
alter table app.user_accounts enable row level security, force row level security;
-- without statistics: id, user_id, name, alpaca_account_id, alpaca_account_number
create policy app_changes on app.user_accounts for update to paddock_app
  using ((id = ( SELECT private.account_id('manage'::text) AS account_id)))
  with check ((id = ( SELECT private.account_id('manage'::text) AS account_id)));
create policy app_reads on app.user_accounts for select to paddock_app
  using ((id = ANY (ARRAY( SELECT g.account_id
   FROM app.account_grants g
  WHERE (g.user_id = ( SELECT private.user_id() AS user_id))))));
create policy gate_all on app.user_accounts to paddock_gate
  using (true)
  with check (true);
create policy report_reads on app.user_accounts for select to paddock_report
  using ((id = ANY (( SELECT private.report_accounts() AS report_accounts)::uuid[])));
create policy worker_reads on app.user_accounts for select to paddock_worker
  using ((id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select (id, name, environment, alpaca_account_number, is_active, created_at) on app.user_accounts to paddock_report;
grant select on app.user_accounts to paddock_worker;
grant select, insert, update (user_id, alpaca_account_id, alpaca_account_number, updated_at), delete on app.user_accounts to paddock_gate;
grant select, update (name, is_active, stream_mode, updated_at) on app.user_accounts to paddock_app;
CREATE CONSTRAINT TRIGGER note_stream_change AFTER UPDATE OF stream_mode, environment ON app.user_accounts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION private.note_stream_change();
CREATE TRIGGER record_account_change AFTER DELETE OR UPDATE ON app.user_accounts FOR EACH ROW EXECUTE FUNCTION private.record_account_change();

-- What concerns a user and no account: sign-ins, passwords, sessions. Rows are never changed, and outlive the user.
create table app.user_audit_log (
  user_id text not null,
  id uuid not null default gen_random_uuid(),
  at timestamp with time zone not null default clock_timestamp(),
  kind text not null,
  actor text,
  session_id text,
  request_id text,
  address text,
  request text,
  action text not null,
  detail jsonb not null default '{}'::jsonb,
  constraint user_audit_log_pkey PRIMARY KEY (user_id, at, id),
  constraint user_audit_log_action_check CHECK ((action ~ '^[a-z_]+\.[a-z_]+$'::text)),
  constraint user_audit_log_bounded CHECK ((app.json_size(detail) <= 65536)),
  constraint user_audit_log_kind_check CHECK ((kind = ANY (ARRAY['user'::text, 'worker'::text, 'operator'::text, 'reporting_login'::text, 'nobody'::text])))
) partition by RANGE (at);
alter table app.user_audit_log enable row level security, force row level security;
-- without statistics: user_id, actor, session_id, request_id, address, request, detail
create policy app_reads on app.user_audit_log for select to paddock_app
  using (((user_id = ( SELECT private.user_id() AS user_id)) AND (( SELECT private.token_id() AS token_id) IS NULL)));
create policy gate_appends on app.user_audit_log for insert to paddock_gate
  with check (true);
grant insert (user_id, kind, actor, session_id, request_id, address, request, action, detail) on app.user_audit_log to paddock_gate;
grant select on app.user_audit_log to paddock_app;

-- What is left to do after an account's switch was turned, and how far it is.
create table app.wind_downs (
  account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  asked_by text,
  idempotency_key text,
  request_hash bytea,
  cancel_orders boolean not null default false,
  liquidate boolean not null default false,
  suspend_trade boolean,
  on_their_way uuid[] not null default '{}'::uuid[],
  repair_symbol text,
  repair_qty numeric,
  state text not null default 'running'::text,
  needs_keys boolean not null default false,
  message text,
  remaining jsonb not null default '{}'::jsonb,
  canceled_at timestamp with time zone,
  asked_at timestamp with time zone not null default clock_timestamp(),
  updated_at timestamp with time zone not null default clock_timestamp(),
  ended_at timestamp with time zone,
  constraint wind_downs_pkey PRIMARY KEY (account_id, id),
  constraint wind_downs_account_id_idempotency_key_key UNIQUE (account_id, idempotency_key),
  constraint wind_downs_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint wind_downs_bounded CHECK (((app.json_size(remaining) <= 16777216) AND app.is_amount(repair_qty))),
  constraint wind_downs_check CHECK ((cancel_orders OR (NOT liquidate))),
  constraint wind_downs_check1 CHECK (((repair_symbol IS NULL) = (repair_qty IS NULL))),
  constraint wind_downs_check2 CHECK (((state = 'running'::text) = (ended_at IS NULL))),
  constraint wind_downs_idempotency_key_check CHECK (((char_length(idempotency_key) >= 1) AND (char_length(idempotency_key) <= 255))),
  constraint wind_downs_message_check CHECK ((char_length(message) <= 1000)),
  constraint wind_downs_remaining_check CHECK ((jsonb_typeof(remaining) = 'object'::text)),
  constraint wind_downs_repair_qty_check CHECK ((repair_qty <> (0)::numeric)),
  constraint wind_downs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'stuck'::text, 'superseded'::text])))
);
CREATE INDEX wind_downs_all_running_idx ON app.wind_downs USING btree (account_id) WHERE (state = 'running'::text);
CREATE INDEX wind_downs_newest_idx ON app.wind_downs USING btree (account_id, asked_at DESC);
CREATE UNIQUE INDEX wind_downs_running_idx ON app.wind_downs USING btree (account_id) WHERE ((state = 'running'::text) AND (repair_symbol IS NULL));
alter table app.wind_downs enable row level security, force row level security;
-- without statistics: account_id, id, asked_by, idempotency_key, request_hash, on_their_way, repair_symbol, repair_qty, message, remaining
create policy app_reads on app.wind_downs for select to paddock_app
  using ((account_id = ( SELECT private.account_id() AS account_id)));
create policy gate_all on app.wind_downs to paddock_gate
  using (true)
  with check (true);
create policy worker_all on app.wind_downs to paddock_worker
  using ((account_id = ( SELECT private.account_id('work'::text) AS account_id)))
  with check ((account_id = ( SELECT private.account_id('work'::text) AS account_id)));
grant select on app.wind_downs to paddock_app;
grant select, insert (account_id, asked_by, idempotency_key, request_hash, cancel_orders, liquidate, suspend_trade, on_their_way, repair_symbol, repair_qty, state, needs_keys, message, ended_at), update (on_their_way, state, needs_keys, message, updated_at, ended_at) on app.wind_downs to paddock_gate;
grant select, update (state, message, remaining, canceled_at, updated_at, ended_at) on app.wind_downs to paddock_worker;
CREATE TRIGGER cancel_stopped_jobs AFTER INSERT ON app.wind_downs FOR EACH ROW WHEN (new.cancel_orders) EXECUTE FUNCTION private.cancel_stopped_jobs();

-- The TOTP secret and the backup codes of each user who has set two-factor authentication up, both encrypted.
create table auth."twoFactor" (
  id text not null,
  secret text not null,
  "backupCodes" text not null,
  "userId" text not null,
  verified boolean default true,
  "failedVerificationCount" integer default 0,
  "lockedUntil" timestamp with time zone,
  constraint twoFactor_pkey PRIMARY KEY (id),
  constraint twoFactor_userId_fkey FOREIGN KEY ("userId") REFERENCES auth."user"(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX "twoFactor_userId_idx" ON auth."twoFactor" USING btree ("userId");
alter table auth."twoFactor" enable row level security, force row level security;
create policy auth_all on auth."twoFactor" to paddock_auth
  using (true)
  with check (true);
create policy gate_all on auth."twoFactor" to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (secret, "backupCodes", verified, "failedVerificationCount", "lockedUntil"), delete on auth."twoFactor" to paddock_auth;
grant select, update ("backupCodes", "failedVerificationCount", "lockedUntil"), delete on auth."twoFactor" to paddock_gate;
CREATE TRIGGER record_user_change AFTER INSERT OR DELETE OR UPDATE ON auth."twoFactor" FOR EACH ROW EXECUTE FUNCTION private.record_user_change();

-- People who can sign in.
create table auth."user" (
  id text not null,
  name text not null,
  email text not null,
  "emailVerified" boolean not null,
  image text,
  "createdAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  "twoFactorEnabled" boolean default false,
  constraint user_pkey PRIMARY KEY (id),
  constraint user_email_key UNIQUE (email)
);
alter table auth."user" enable row level security, force row level security;
create policy auth_all on auth."user" to paddock_auth
  using (true)
  with check (true);
create policy gate_deletes on auth."user" for delete to paddock_gate
  using (true);
create policy gate_imports on auth."user" for insert to paddock_gate
  with check (( SELECT private.is_operator() AS is_operator));
create policy gate_locks on auth."user" for update to paddock_gate
  using (true)
  with check (true);
create policy gate_reads on auth."user" for select to paddock_gate
  using (true);
grant select (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "twoFactorEnabled"), insert (id, name, email, "emailVerified", image, "createdAt", "updatedAt"), update ("emailVerified", "updatedAt", "twoFactorEnabled"), delete on auth."user" to paddock_gate;
grant select, insert, update (name, email, "emailVerified", image, "updatedAt", "twoFactorEnabled") on auth."user" to paddock_auth;
CREATE TRIGGER forget_tokens AFTER UPDATE OF email ON auth."user" FOR EACH ROW WHEN ((new.email IS DISTINCT FROM old.email)) EXECUTE FUNCTION private.forget_tokens();
CREATE TRIGGER record_user_change AFTER INSERT OR DELETE OR UPDATE ON auth."user" FOR EACH ROW EXECUTE FUNCTION private.record_user_change();

-- Ways of signing in, such as a password; no brokerage accounts, these are in app.user_accounts.
create table auth.account (
  id text not null,
  "accountId" text not null,
  "providerId" text not null,
  "userId" text not null,
  "accessToken" text,
  "refreshToken" text,
  "idToken" text,
  "accessTokenExpiresAt" timestamp with time zone,
  "refreshTokenExpiresAt" timestamp with time zone,
  scope text,
  password text,
  "createdAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt" timestamp with time zone not null,
  constraint account_pkey PRIMARY KEY (id),
  constraint account_userId_fkey FOREIGN KEY ("userId") REFERENCES auth."user"(id) ON DELETE CASCADE
);
CREATE INDEX "account_userId_idx" ON auth.account USING btree ("userId");
alter table auth.account enable row level security, force row level security;
create policy auth_all on auth.account to paddock_auth
  using (true)
  with check (true);
create policy gate_imports on auth.account for insert to paddock_gate
  with check ((( SELECT private.is_operator() AS is_operator) AND ("providerId" = 'credential'::text) AND (EXISTS ( SELECT
   FROM (private.import_users u
     JOIN private.imports i ON (((i.account_id = u.account_id) AND (i.id = u.import_id))))
  WHERE ((u.user_id = account."userId") AND (i.state = 'running'::text))))));
create policy gate_reads on auth.account for select to paddock_gate
  using ((( SELECT private.is_operator() AS is_operator) AND ("providerId" = 'credential'::text)));
grant select (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt"), insert (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt") on auth.account to paddock_gate;
grant select, insert (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt"), update (password, "updatedAt"), delete on auth.account to paddock_auth;
CREATE TRIGGER forget_tokens AFTER UPDATE OF password ON auth.account FOR EACH ROW WHEN ((new.password IS DISTINCT FROM old.password)) EXECUTE FUNCTION private.forget_tokens();
CREATE TRIGGER record_user_change AFTER INSERT OR DELETE OR UPDATE ON auth.account FOR EACH ROW EXECUTE FUNCTION private.record_user_change();

-- Users whom an operator has disabled: a trigger refuses them every session.
create table auth.disabled_users (
  user_id text not null,
  since timestamp with time zone not null default clock_timestamp(),
  constraint disabled_users_pkey PRIMARY KEY (user_id),
  constraint disabled_users_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE
);
alter table auth.disabled_users enable row level security, force row level security;
create policy gate_all on auth.disabled_users to paddock_gate
  using (true)
  with check (true);
grant select, insert (user_id), delete on auth.disabled_users to paddock_gate;
CREATE TRIGGER keep_disabled_tokens AFTER INSERT OR DELETE ON auth.disabled_users FOR EACH ROW EXECUTE FUNCTION private.keep_disabled_tokens();

-- How many mails were asked for from a network, or of one kind for an address, in the hour that began then.
create table auth.mail_counts (
  who text not null,
  since timestamp with time zone not null default clock_timestamp(),
  requests integer not null default 1,
  constraint mail_counts_pkey PRIMARY KEY (who)
);
CREATE INDEX mail_counts_since_idx ON auth.mail_counts USING btree (since);
alter table auth.mail_counts enable row level security, force row level security;
create policy auth_all on auth.mail_counts to paddock_auth
  using (true)
  with check (true);
create policy gate_purges on auth.mail_counts for delete to paddock_gate
  using (true);
create policy gate_reads on auth.mail_counts for select to paddock_gate
  using (true);
grant select (who, since), delete on auth.mail_counts to paddock_gate;
grant select, insert (who), update (since, requests), delete on auth.mail_counts to paddock_auth;

-- When each user used a second factor last: a code works once, and a session begins only in the transaction that used one.
create table auth.second_factor_uses (
  user_id text not null,
  last_step bigint,
  used_in xid8 not null,
  constraint second_factor_uses_pkey PRIMARY KEY (user_id),
  constraint second_factor_uses_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE
);
alter table auth.second_factor_uses enable row level security, force row level security;
create policy gate_all on auth.second_factor_uses to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (last_step, used_in) on auth.second_factor_uses to paddock_gate;

-- Who is signed in, by the token of the cookie.
create table auth.session (
  id text not null,
  "expiresAt" timestamp with time zone not null,
  token text not null,
  "createdAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt" timestamp with time zone not null,
  "ipAddress" text,
  "userAgent" text,
  "userId" text not null,
  "steppedUpAt" timestamp with time zone not null default clock_timestamp(),
  constraint session_pkey PRIMARY KEY (id),
  constraint session_token_key UNIQUE (token),
  constraint session_userId_fkey FOREIGN KEY ("userId") REFERENCES auth."user"(id) ON DELETE CASCADE,
  constraint session_id_check CHECK ((id !~~ 'token:%'::text))
);
CREATE INDEX "session_expiresAt_idx" ON auth.session USING btree ("expiresAt");
CREATE INDEX "session_userId_idx" ON auth.session USING btree ("userId");
alter table auth.session enable row level security, force row level security;
create policy auth_all on auth.session to paddock_auth
  using (true)
  with check (true);
create policy gate_ends on auth.session for delete to paddock_gate
  using (true);
create policy gate_imports on auth.session for insert to paddock_gate
  with check ((( SELECT private.is_operator() AS is_operator) AND (id ~~ 'import-%'::text) AND ("expiresAt" < (now() + '00:11:00'::interval)) AND (EXISTS ( SELECT
   FROM (private.imports i
     JOIN app.user_accounts a ON ((a.id = i.account_id)))
  WHERE ((a.user_id = session."userId") AND (i.state = 'running'::text))))));
create policy gate_reads on auth.session for select to paddock_gate
  using (true);
create policy gate_steps_up on auth.session for update to paddock_gate
  using (true)
  with check (true);
grant select (id, "expiresAt", token, "userId", "steppedUpAt"), insert (id, "expiresAt", token, "updatedAt", "userId"), update ("steppedUpAt"), delete on auth.session to paddock_gate;
grant select, insert, update ("expiresAt", "updatedAt"), delete on auth.session to paddock_auth;
CREATE TRIGGER record_user_change AFTER INSERT OR DELETE ON auth.session FOR EACH ROW EXECUTE FUNCTION private.record_user_change();
CREATE TRIGGER refuse_disabled_user BEFORE INSERT OR UPDATE OF "userId" ON auth.session FOR EACH ROW EXECUTE FUNCTION private.refuse_disabled_user();
CREATE TRIGGER require_second_factor BEFORE INSERT OR UPDATE OF "userId" ON auth.session FOR EACH ROW EXECUTE FUNCTION private.require_second_factor();

-- How many passwords were tried from a network, or from it for an address, in the quarter of an hour that began then.
create table auth.sign_in_counts (
  who text not null,
  since timestamp with time zone not null default clock_timestamp(),
  tries integer not null default 1,
  constraint sign_in_counts_pkey PRIMARY KEY (who)
);
CREATE INDEX sign_in_counts_since_idx ON auth.sign_in_counts USING btree (since);
alter table auth.sign_in_counts enable row level security, force row level security;
create policy auth_all on auth.sign_in_counts to paddock_auth
  using (true)
  with check (true);
create policy gate_purges on auth.sign_in_counts for delete to paddock_gate
  using (true);
create policy gate_reads on auth.sign_in_counts for select to paddock_gate
  using (true);
grant select (who, since), delete on auth.sign_in_counts to paddock_gate;
grant select, insert (who), update (since, tries), delete on auth.sign_in_counts to paddock_auth;

-- How many sign-ups were tried from a network in the hour that began then.
create table auth.sign_up_counts (
  network cidr not null,
  since timestamp with time zone not null default clock_timestamp(),
  sign_ups integer not null default 1,
  constraint sign_up_counts_pkey PRIMARY KEY (network)
);
CREATE INDEX sign_up_counts_since_idx ON auth.sign_up_counts USING btree (since);
alter table auth.sign_up_counts enable row level security, force row level security;
create policy auth_all on auth.sign_up_counts to paddock_auth
  using (true)
  with check (true);
create policy gate_purges on auth.sign_up_counts for delete to paddock_gate
  using (true);
create policy gate_reads on auth.sign_up_counts for select to paddock_gate
  using (true);
grant select (network, since), delete on auth.sign_up_counts to paddock_gate;
grant select, insert (network), update (since, sign_ups), delete on auth.sign_up_counts to paddock_auth;

-- Codes that were sent to verify an address or to reset a password.
create table auth.verification (
  id text not null,
  identifier text not null,
  value text not null,
  "expiresAt" timestamp with time zone not null,
  "createdAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  constraint verification_pkey PRIMARY KEY (id)
);
CREATE INDEX "verification_expiresAt_idx" ON auth.verification USING btree ("expiresAt");
CREATE INDEX verification_identifier_idx ON auth.verification USING btree (identifier);
alter table auth.verification enable row level security, force row level security;
create policy auth_all on auth.verification to paddock_auth
  using (true)
  with check (true);
create policy gate_all on auth.verification to paddock_gate
  using (true)
  with check (true);
grant select (id, identifier, value, "expiresAt"), insert (id, identifier, value, "expiresAt"), delete on auth.verification to paddock_gate;
grant select, insert, delete on auth.verification to paddock_auth;

-- What River runs: looks at the lists of jobs, and upkeep. Its arguments are digests of users' ids.
create table jobs.river_job (
  id bigint not null default nextval('jobs.river_job_id_seq'::regclass),
  state jobs.river_job_state not null default 'available'::jobs.river_job_state,
  attempt smallint not null default 0,
  max_attempts smallint not null default 25,
  attempted_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  finalized_at timestamp with time zone,
  scheduled_at timestamp with time zone not null default now(),
  priority smallint not null default 1,
  args jsonb not null,
  attempted_by text[],
  errors jsonb[],
  kind text not null,
  metadata jsonb not null default '{}'::jsonb,
  queue text not null default 'default'::text,
  tags character varying(255)[] not null default '{}'::character varying[],
  unique_key bytea,
  unique_states bit(8),
  constraint river_job_pkey PRIMARY KEY (id),
  constraint finalized_or_finalized_at_null CHECK ((((finalized_at IS NULL) AND (state <> ALL (ARRAY['cancelled'::jobs.river_job_state, 'completed'::jobs.river_job_state, 'discarded'::jobs.river_job_state]))) OR ((finalized_at IS NOT NULL) AND (state = ANY (ARRAY['cancelled'::jobs.river_job_state, 'completed'::jobs.river_job_state, 'discarded'::jobs.river_job_state]))))),
  constraint kind_length CHECK (((char_length(kind) > 0) AND (char_length(kind) < 128))),
  constraint max_attempts_is_positive CHECK ((max_attempts > 0)),
  constraint priority_in_range CHECK (((priority >= 1) AND (priority <= 4))),
  constraint queue_length CHECK (((char_length(queue) > 0) AND (char_length(queue) < 128))),
  constraint river_job_bounded CHECK (((app.json_size(args) <= 1024) AND (app.json_size(metadata) <= 65536)))
);
CREATE INDEX river_job_args_index ON jobs.river_job USING gin (args);
CREATE INDEX river_job_kind ON jobs.river_job USING btree (kind);
CREATE INDEX river_job_metadata_index ON jobs.river_job USING gin (metadata);
CREATE INDEX river_job_prioritized_fetching_index ON jobs.river_job USING btree (state, queue, priority, scheduled_at, id);
CREATE INDEX river_job_state_and_finalized_at_index ON jobs.river_job USING btree (state, finalized_at) WHERE (finalized_at IS NOT NULL);
CREATE UNIQUE INDEX river_job_unique_idx ON jobs.river_job USING btree (unique_key) WHERE ((unique_key IS NOT NULL) AND (unique_states IS NOT NULL) AND jobs.river_job_state_in_bitmask(unique_states, state));
alter table jobs.river_job enable row level security, force row level security;
-- without statistics: args
create policy gate_wakes on jobs.river_job to paddock_gate
  using ((kind = ANY (ARRAY['jobs'::text, 'destination'::text, 'copies'::text])))
  with check ((kind = ANY (ARRAY['jobs'::text, 'destination'::text, 'copies'::text])));
create policy worker_all on jobs.river_job to paddock_worker
  using (true)
  with check (true);
grant select (state, scheduled_at, kind, unique_key, unique_states), insert (state, max_attempts, scheduled_at, args, kind, queue, unique_key, unique_states), update (scheduled_at) on jobs.river_job to paddock_gate;
grant select, insert, update (state, attempt, attempted_at, finalized_at, scheduled_at, attempted_by, errors, kind, metadata), delete on jobs.river_job to paddock_worker;

-- Which instance looks after River's tables.
create table jobs.river_leader (
  elected_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  leader_id text not null,
  name text not null default 'default'::text,
  constraint river_leader_pkey PRIMARY KEY (name),
  constraint leader_id_length CHECK (((char_length(leader_id) > 0) AND (char_length(leader_id) < 128))),
  constraint name_length CHECK ((name = 'default'::text))
);
alter table jobs.river_leader enable row level security, force row level security;
create policy worker_all on jobs.river_leader to paddock_worker
  using (true)
  with check (true);
grant select, insert, update (elected_at, expires_at, leader_id), delete on jobs.river_leader to paddock_worker;

-- Of River's schema, and without rows under Postgres.
create table jobs.river_notification (
  id bigint not null default nextval('jobs.river_notification_id_seq'::regclass),
  created_at timestamp with time zone not null default now(),
  payload text not null,
  topic text not null,
  constraint river_notification_pkey PRIMARY KEY (id),
  constraint topic_length CHECK (((length(topic) > 0) AND (length(topic) < 128)))
);
CREATE INDEX river_notification_created_at_idx ON jobs.river_notification USING btree (created_at);
CREATE INDEX river_notification_topic_id_idx ON jobs.river_notification USING btree (topic, id);
alter table jobs.river_notification enable row level security, force row level security;

-- River's queues.
create table jobs.river_queue (
  name text not null,
  created_at timestamp with time zone not null default now(),
  metadata jsonb not null default '{}'::jsonb,
  paused_at timestamp with time zone,
  updated_at timestamp with time zone not null default CURRENT_TIMESTAMP,
  constraint river_queue_pkey PRIMARY KEY (name),
  constraint river_queue_bounded CHECK ((app.json_size(metadata) <= 65536))
);
alter table jobs.river_queue enable row level security, force row level security;
create policy worker_all on jobs.river_queue to paddock_worker
  using (true)
  with check (true);
grant select, insert, update (metadata, paused_at, updated_at), delete on jobs.river_queue to paddock_worker;

-- How many addresses of no user each user has tried to share an account with lately.
create table private.address_tries (
  user_id text not null,
  since timestamp with time zone not null default now(),
  tries integer not null,
  constraint address_tries_pkey PRIMARY KEY (user_id),
  constraint address_tries_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE
);
alter table private.address_tries enable row level security, force row level security;
create policy gate_all on private.address_tries to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (since, tries), delete on private.address_tries to paddock_gate;

-- How long agents' logs are kept; paddock_owner may change the column keep.
create table private.agent_log_retention (
  only_one boolean not null default true,
  keep interval not null default '180 days'::interval,
  constraint agent_log_retention_pkey PRIMARY KEY (only_one),
  constraint agent_log_retention_keep_check CHECK ((keep >= '1 day'::interval)),
  constraint agent_log_retention_only_one_check CHECK (only_one)
);
alter table private.agent_log_retention enable row level security, force row level security;
create policy gate_reads on private.agent_log_retention for select to paddock_gate
  using (true);
create policy owner_all on private.agent_log_retention to paddock_owner
  using (true)
  with check (true);
grant select on private.agent_log_retention to paddock_gate;

-- API tokens of users, by the digest of each, with their scopes and limits.
create table private.api_tokens (
  id uuid not null,
  user_id text not null,
  path uuid[] not null,
  name text not null,
  digest bytea not null,
  hint text not null,
  scopes text[] not null,
  paper_only boolean not null,
  user_disabled boolean not null default false,
  account_ids uuid[] not null default '{}'::uuid[],
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  max_order_notional numeric,
  max_position_notional numeric,
  max_position_qty numeric,
  max_open_orders integer,
  orders_per_minute integer,
  orders_per_day integer,
  daily_loss_limit numeric,
  max_drawdown numeric,
  max_refusals integer,
  heartbeat_seconds integer,
  allowed_symbols text[],
  allowed_sides text[],
  approval_above numeric,
  constraint api_tokens_pkey PRIMARY KEY (id),
  constraint api_tokens_digest_key UNIQUE (digest),
  constraint api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE,
  constraint api_tokens_allowed_sides_check CHECK ((allowed_sides <@ ARRAY['buy'::text, 'sell'::text])),
  constraint api_tokens_allowed_symbols_check CHECK ((array_length(allowed_symbols, 1) <= 500)),
  constraint api_tokens_bounded CHECK ((app.is_amount(max_order_notional) AND app.is_amount(max_position_notional) AND app.is_amount(max_position_qty) AND app.is_amount(daily_loss_limit) AND app.is_amount(max_drawdown) AND app.is_amount(approval_above) AND (approval_above >= (0)::numeric))),
  constraint api_tokens_check CHECK (((expires_at > created_at) AND (expires_at <= (created_at + '366 days'::interval)))),
  constraint api_tokens_check1 CHECK ((path[cardinality(path)] = id)),
  constraint api_tokens_daily_loss_limit_check CHECK ((daily_loss_limit >= (0)::numeric)),
  constraint api_tokens_digest_check CHECK ((octet_length(digest) = 32)),
  constraint api_tokens_heartbeat_seconds_check CHECK (((heartbeat_seconds >= 5) AND (heartbeat_seconds <= 86400))),
  constraint api_tokens_hint_check CHECK ((char_length(hint) <= 8)),
  constraint api_tokens_max_drawdown_check CHECK ((max_drawdown >= (0)::numeric)),
  constraint api_tokens_max_open_orders_check CHECK ((max_open_orders >= 0)),
  constraint api_tokens_max_order_notional_check CHECK ((max_order_notional >= (0)::numeric)),
  constraint api_tokens_max_position_notional_check CHECK ((max_position_notional >= (0)::numeric)),
  constraint api_tokens_max_position_qty_check CHECK ((max_position_qty >= (0)::numeric)),
  constraint api_tokens_max_refusals_check CHECK ((max_refusals >= 1)),
  constraint api_tokens_name_check CHECK (((name = btrim(name)) AND ((char_length(name) >= 1) AND (char_length(name) <= 80)))),
  constraint api_tokens_orders_per_day_check CHECK ((orders_per_day >= 0)),
  constraint api_tokens_orders_per_minute_check CHECK ((orders_per_minute >= 0)),
  constraint api_tokens_path_check CHECK (((cardinality(path) >= 1) AND (cardinality(path) <= 8))),
  constraint api_tokens_scopes_check CHECK (((scopes <@ ARRAY['read'::text, 'trade'::text, 'cancel'::text, 'log'::text]) AND ('read'::text = ANY (scopes)) AND (('cancel'::text = ANY (scopes)) OR ('trade'::text <> ALL (scopes)))))
);
CREATE INDEX api_tokens_user_idx ON private.api_tokens USING btree (user_id);
alter table private.api_tokens enable row level security, force row level security;
create policy gate_all on private.api_tokens to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (user_disabled, account_ids, revoked_at, last_used_at) on private.api_tokens to paddock_gate;
CREATE TRIGGER begin_token BEFORE INSERT ON private.api_tokens FOR EACH ROW EXECUTE FUNCTION private.begin_token();

-- How long the audit is kept; paddock_owner may change the column keep.
create table private.audit_retention (
  only_one boolean not null default true,
  keep interval not null default '400 days'::interval,
  constraint audit_retention_pkey PRIMARY KEY (only_one),
  constraint audit_retention_keep_check CHECK ((keep >= '1 day'::interval)),
  constraint audit_retention_only_one_check CHECK (only_one)
);
alter table private.audit_retention enable row level security, force row level security;
create policy owner_all on private.audit_retention to paddock_owner
  using (true)
  with check (true);

-- What each account got of a block order, and what became of it.
create table private.block_order_parts (
  account_id uuid not null,
  block_order_id uuid not null,
  place bigint not null,
  sleeve_id uuid,
  weight numeric,
  equity numeric,
  amount numeric not null,
  in_dollars boolean not null,
  job_id uuid,
  state text,
  status integer,
  refusal jsonb,
  constraint block_order_parts_pkey PRIMARY KEY (account_id, block_order_id),
  constraint block_order_parts_account_id_job_id_key UNIQUE (account_id, job_id),
  constraint block_order_parts_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint block_order_parts_block_order_id_fkey FOREIGN KEY (block_order_id) REFERENCES private.block_orders(id) ON DELETE CASCADE,
  constraint block_order_parts_bounded CHECK ((app.are_amounts(ARRAY[weight, equity, amount]) AND (amount >= (0)::numeric) AND (app.json_size(refusal) <= 1048576))),
  constraint block_order_parts_check CHECK (((amount = (0)::numeric) = (job_id IS NULL))),
  constraint block_order_parts_state_check CHECK ((state = ANY (ARRAY['done'::text, 'failed'::text, 'canceled'::text])))
);
CREATE INDEX block_order_parts_block_idx ON private.block_order_parts USING btree (block_order_id);
alter table private.block_order_parts enable row level security, force row level security;
-- without statistics: account_id, block_order_id, sleeve_id, weight, equity, amount, job_id, refusal
create policy gate_all on private.block_order_parts to paddock_gate
  using (true)
  with check (true);
grant select, insert (account_id, block_order_id, place, sleeve_id, weight, equity, amount, in_dollars, job_id), update (state, status, refusal) on private.block_order_parts to paddock_gate;
CREATE TRIGGER check_block_total AFTER INSERT ON private.block_order_parts REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION private.check_block_total();

-- Orders that were divided among several accounts, as they were asked for.
create table private.block_orders (
  id uuid not null,
  user_id text not null,
  token_id uuid,
  sender text not null generated always as 
CASE
    WHEN (token_id IS NULL) THEN 'session'::text
    ELSE (token_id)::text
END stored,
  idempotency_key text not null,
  request jsonb not null,
  request_hash bytea not null,
  made_at timestamp with time zone not null default clock_timestamp(),
  constraint block_orders_pkey PRIMARY KEY (id),
  constraint block_orders_user_id_sender_idempotency_key_key UNIQUE (user_id, sender, idempotency_key),
  constraint block_orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE,
  constraint block_orders_bounded CHECK ((app.json_size(request) <= 262144)),
  constraint block_orders_idempotency_key_check CHECK (((char_length(idempotency_key) >= 1) AND (char_length(idempotency_key) <= 255))),
  constraint block_orders_request_check CHECK ((jsonb_typeof((request -> 'accounts'::text)) = 'array'::text)),
  constraint block_orders_request_hash_check CHECK ((octet_length(request_hash) = 32))
);
CREATE INDEX block_orders_newest_idx ON private.block_orders USING btree (user_id, made_at DESC, id DESC);
alter table private.block_orders enable row level security, force row level security;
create policy gate_all on private.block_orders to paddock_gate
  using (true)
  with check (true);
grant select, insert (id, user_id, token_id, idempotency_key, request, request_hash) on private.block_orders to paddock_gate;

-- Which account follows which, by whose consent, and at which scale.
create table private.copy_follows (
  account_id uuid not null,
  id uuid not null,
  leader_id uuid not null,
  offer_id uuid not null,
  user_id text not null,
  token_id uuid not null,
  ratio numeric not null,
  made_at timestamp with time zone not null default clock_timestamp(),
  ended_at timestamp with time zone,
  ended_by text,
  constraint copy_follows_pkey PRIMARY KEY (account_id, id),
  constraint copy_follows_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint copy_follows_leader_id_offer_id_fkey FOREIGN KEY (leader_id, offer_id) REFERENCES private.copy_offers(account_id, id) ON DELETE CASCADE,
  constraint copy_follows_token_id_fkey FOREIGN KEY (token_id) REFERENCES private.api_tokens(id) ON DELETE CASCADE,
  constraint copy_follows_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE,
  constraint copy_follows_bounded CHECK ((app.is_amount(ratio) AND (ratio > (0)::numeric) AND (ratio <= (1000)::numeric))),
  constraint copy_follows_check CHECK ((leader_id <> account_id)),
  constraint copy_follows_check1 CHECK (((ended_at IS NULL) = (ended_by IS NULL))),
  constraint copy_follows_ended_by_check CHECK ((ended_by = ANY (ARRAY['follower'::text, 'leader'::text, 'token'::text])))
);
CREATE INDEX copy_follows_leader_idx ON private.copy_follows USING btree (leader_id, made_at, id) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX copy_follows_once_idx ON private.copy_follows USING btree (account_id, leader_id) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX copy_follows_token_idx ON private.copy_follows USING btree (token_id) WHERE (ended_at IS NULL);
alter table private.copy_follows enable row level security, force row level security;
-- without statistics: account_id, id, leader_id, offer_id, token_id, ratio
create policy gate_all on private.copy_follows to paddock_gate
  using (true)
  with check (true);
grant select, insert (account_id, id, leader_id, offer_id, user_id, token_id, ratio), update (ended_at, ended_by) on private.copy_follows to paddock_gate;

-- Which accounts' orders may be copied by who has the code.
create table private.copy_offers (
  account_id uuid not null,
  id uuid not null,
  name text not null,
  digest bytea not null,
  made_by text not null,
  made_at timestamp with time zone not null default clock_timestamp(),
  ended_at timestamp with time zone,
  turns bigint not null default 0,
  constraint copy_offers_pkey PRIMARY KEY (account_id, id),
  constraint copy_offers_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint copy_offers_digest_check CHECK ((octet_length(digest) = 32)),
  constraint copy_offers_name_check CHECK (((name = btrim(name)) AND ((char_length(name) >= 1) AND (char_length(name) <= 80))))
);
CREATE UNIQUE INDEX copy_offers_digest_idx ON private.copy_offers USING btree (digest);
CREATE UNIQUE INDEX copy_offers_one_idx ON private.copy_offers USING btree (account_id) WHERE (ended_at IS NULL);
alter table private.copy_offers enable row level security, force row level security;
-- without statistics: account_id, id, name, digest, made_by
create policy gate_all on private.copy_offers to paddock_gate
  using (true)
  with check (true);
grant select, insert (account_id, id, name, digest, made_by), update (ended_at, turns) on private.copy_offers to paddock_gate;

-- Of which days each notice has its summary.
create table private.daily_summaries (
  account_id uuid not null,
  destination_id uuid not null,
  day date not null,
  seq bigint not null,
  constraint daily_summaries_pkey PRIMARY KEY (account_id, destination_id, day),
  constraint daily_summaries_account_id_destination_id_fkey FOREIGN KEY (account_id, destination_id) REFERENCES app.destinations(account_id, id) ON DELETE CASCADE
);
alter table private.daily_summaries enable row level security, force row level security;
create policy gate_all on private.daily_summaries to paddock_gate
  using (true)
  with check (true);
grant select, insert, delete on private.daily_summaries to paddock_gate;

-- The secrets with which webhooks are signed, and with which notices are posted, encrypted.
create table private.destination_secrets (
  account_id uuid not null,
  destination_id uuid not null,
  ciphertext bytea not null,
  key_version integer not null,
  constraint destination_secrets_pkey PRIMARY KEY (account_id, destination_id),
  constraint destination_secrets_account_id_destination_id_fkey FOREIGN KEY (account_id, destination_id) REFERENCES app.destinations(account_id, id) ON DELETE CASCADE
);
CREATE INDEX destination_secrets_key_version_idx ON private.destination_secrets USING btree (account_id, key_version);
alter table private.destination_secrets enable row level security, force row level security;
create policy gate_all on private.destination_secrets to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (ciphertext, key_version) on private.destination_secrets to paddock_gate;
CREATE TRIGGER hold_key_version BEFORE INSERT OR UPDATE OF key_version ON private.destination_secrets FOR EACH ROW EXECUTE FUNCTION private.hold_key_version();

-- The secret name of the NOTIFY channel that says which accounts have new events.
create table private.doorbell (
  only_one boolean not null default true,
  channel text not null,
  constraint doorbell_pkey PRIMARY KEY (only_one),
  constraint doorbell_channel_check CHECK ((channel ~ '^paddock_[0-9a-f]{32}$'::text)),
  constraint doorbell_only_one_check CHECK (only_one)
);
alter table private.doorbell enable row level security, force row level security;
create policy gate_all on private.doorbell to paddock_gate
  using (true)
  with check (true);
grant select, insert on private.doorbell to paddock_gate;

-- Copies that are to be made, by their leader.
create table private.due_copies (
  account_id uuid not null,
  copy_id uuid not null,
  leader_id uuid not null,
  seq bigint not null,
  constraint due_copies_pkey PRIMARY KEY (account_id, copy_id),
  constraint due_copies_account_id_copy_id_fkey FOREIGN KEY (account_id, copy_id) REFERENCES app.copies(account_id, id) ON DELETE CASCADE
);
CREATE INDEX due_copies_leader_idx ON private.due_copies USING btree (leader_id, seq);
alter table private.due_copies enable row level security, force row level security;
-- without statistics: account_id, copy_id, leader_id, seq
create policy gate_all on private.due_copies to paddock_gate
  using (true)
  with check (true);
grant select, insert (account_id, copy_id, leader_id), delete on private.due_copies to paddock_gate;

-- How long events are kept; paddock_owner may change the column keep.
create table private.event_retention (
  only_one boolean not null default true,
  keep interval not null default '90 days'::interval,
  expired_before timestamp with time zone not null default '-infinity'::timestamp with time zone,
  constraint event_retention_pkey PRIMARY KEY (only_one),
  constraint event_retention_keep_check CHECK ((keep >= '1 day'::interval)),
  constraint event_retention_only_one_check CHECK (only_one)
);
alter table private.event_retention enable row level security, force row level security;
create policy gate_all on private.event_retention to paddock_gate
  using (true)
  with check (true);
create policy owner_all on private.event_retention to paddock_owner
  using (true)
  with check (true);
grant select, update (expired_before) on private.event_retention to paddock_gate;

-- Rows of a source that an import did not take, and why.
create table private.import_refusals (
  account_id uuid not null,
  import_id uuid not null,
  name text not null,
  number bigint not null,
  key text not null,
  reason text not null,
  constraint import_refusals_pkey PRIMARY KEY (account_id, import_id, name, number),
  constraint import_refusals_account_id_import_id_name_fkey FOREIGN KEY (account_id, import_id, name) REFERENCES private.import_tables(account_id, import_id, name) ON DELETE CASCADE,
  constraint import_refusals_number_check CHECK ((number > 0)),
  constraint import_refusals_reason_check CHECK ((char_length(reason) <= 1000))
);
alter table private.import_refusals enable row level security, force row level security;
create policy gate_imports on private.import_refusals to paddock_gate
  using (( SELECT private.is_operator() AS is_operator))
  with check (( SELECT private.is_operator() AS is_operator));
grant select, insert on private.import_refusals to paddock_gate;

-- How far an import is in each table of its source.
create table private.import_tables (
  account_id uuid not null,
  import_id uuid not null,
  name text not null,
  "position" text,
  taken bigint not null default 0,
  refused bigint not null default 0,
  ended boolean not null default false,
  constraint import_tables_pkey PRIMARY KEY (account_id, import_id, name),
  constraint import_tables_account_id_import_id_fkey FOREIGN KEY (account_id, import_id) REFERENCES private.imports(account_id, id) ON DELETE CASCADE,
  constraint import_tables_name_check CHECK ((name = ANY (ARRAY['users'::text, 'sign_ins'::text, 'alpaca_orders'::text, 'alpaca_positions'::text, 'trading_positions'::text, 'agent_logs'::text])))
);
alter table private.import_tables enable row level security, force row level security;
create policy gate_imports on private.import_tables to paddock_gate
  using (( SELECT private.is_operator() AS is_operator))
  with check (( SELECT private.is_operator() AS is_operator));
grant select, insert, update ("position", taken, refused, ended) on private.import_tables to paddock_gate;

-- The users that an import brought.
create table private.import_users (
  account_id uuid not null,
  import_id uuid not null,
  user_id text not null,
  constraint import_users_pkey PRIMARY KEY (account_id, import_id, user_id),
  constraint import_users_account_id_import_id_fkey FOREIGN KEY (account_id, import_id) REFERENCES private.imports(account_id, id) ON DELETE CASCADE
);
alter table private.import_users enable row level security, force row level security;
create policy gate_imports on private.import_users to paddock_gate
  using (( SELECT private.is_operator() AS is_operator))
  with check (( SELECT private.is_operator() AS is_operator));
grant select, insert, delete on private.import_users to paddock_gate;

-- Imports from databases of one tenant: from where, by which mapping, and how far they are.
create table private.imports (
  account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  source text not null,
  mapping jsonb not null,
  made_account boolean not null,
  moved_keys boolean not null default false,
  state text not null default 'running'::text,
  started_at timestamp with time zone not null default clock_timestamp(),
  ended_at timestamp with time zone,
  constraint imports_pkey PRIMARY KEY (account_id, id),
  constraint imports_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint imports_bounded CHECK ((app.json_size(mapping) <= 262144)),
  constraint imports_check CHECK (((state = 'running'::text) = (ended_at IS NULL))),
  constraint imports_source_check CHECK (((char_length(source) >= 1) AND (char_length(source) <= 500))),
  constraint imports_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'undoing'::text])))
);
CREATE UNIQUE INDEX imports_unfinished_idx ON private.imports USING btree (account_id) WHERE (state <> 'done'::text);
alter table private.imports enable row level security, force row level security;
create policy gate_imports on private.imports to paddock_gate
  using (( SELECT private.is_operator() AS is_operator))
  with check (( SELECT private.is_operator() AS is_operator));
grant select, insert, update (moved_keys, state, ended_at), delete on private.imports to paddock_gate;

-- Which versions of the master key each running instance of the server has.
create table private.instance_keyrings (
  holder uuid not null,
  versions integer[] not null,
  live_until timestamp with time zone not null,
  constraint instance_keyrings_pkey PRIMARY KEY (holder)
);
alter table private.instance_keyrings enable row level security, force row level security;
create policy gate_all on private.instance_keyrings to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (versions, live_until), delete on private.instance_keyrings to paddock_gate;

-- Which account an invitation is for.
create table private.invitation_accounts (
  account_id uuid not null,
  invitation_id uuid not null,
  constraint invitation_accounts_pkey PRIMARY KEY (account_id, invitation_id),
  constraint invitation_accounts_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint invitation_accounts_invitation_id_fkey FOREIGN KEY (invitation_id) REFERENCES private.invitations(id) ON DELETE CASCADE
);
CREATE INDEX invitation_accounts_invitation_idx ON private.invitation_accounts USING btree (invitation_id);
alter table private.invitation_accounts enable row level security, force row level security;
create policy gate_all on private.invitation_accounts to paddock_gate
  using (true)
  with check (true);
grant select, insert on private.invitation_accounts to paddock_gate;

-- Links with which a user takes a role on an account, by the digest of each.
create table private.invitations (
  id uuid not null,
  user_id text not null,
  digest bytea not null,
  email text,
  role text not null,
  all_accounts boolean not null,
  grant_expires_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  taken_by text,
  constraint invitations_pkey PRIMARY KEY (id),
  constraint invitations_digest_key UNIQUE (digest),
  constraint invitations_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE,
  constraint invitations_check CHECK (((role <> 'owner'::text) OR ((NOT all_accounts) AND (grant_expires_at IS NULL)))),
  constraint invitations_digest_check CHECK ((octet_length(digest) = 32)),
  constraint invitations_email_check CHECK (((email = lower(email)) AND (char_length(email) <= 320))),
  constraint invitations_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'trader'::text, 'approver'::text, 'viewer'::text, 'reports'::text])))
);
CREATE INDEX invitations_user_idx ON private.invitations USING btree (user_id);
alter table private.invitations enable row level security, force row level security;
create policy gate_all on private.invitations to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (ended_at, taken_by), delete on private.invitations to paddock_gate;

-- Which lists of jobs have something to do, and who works on each.
create table private.job_lists (
  account_id uuid not null,
  kind text not null,
  owner text not null,
  waits boolean not null default true,
  holder uuid,
  job_id uuid,
  ticket bytea,
  live_until timestamp with time zone,
  free_since timestamp with time zone not null default clock_timestamp(),
  constraint job_lists_pkey PRIMARY KEY (account_id, kind),
  constraint job_lists_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint job_lists_check CHECK ((((holder IS NULL) = (job_id IS NULL)) AND ((holder IS NULL) = (ticket IS NULL)) AND ((holder IS NULL) = (live_until IS NULL)))),
  constraint job_lists_ticket_check CHECK ((octet_length(ticket) = 32))
);
CREATE INDEX job_lists_owner_idx ON private.job_lists USING btree (owner) WHERE waits;
alter table private.job_lists enable row level security, force row level security;
create policy gate_all on private.job_lists to paddock_gate
  using (true)
  with check (true);
grant select, insert (account_id, kind, owner), update (owner, waits, holder, job_id, ticket, live_until, free_since) on private.job_lists to paddock_gate;

-- How long jobs that have ended are kept; paddock_owner may change the column keep.
create table private.job_retention (
  only_one boolean not null default true,
  keep interval not null default '7 days'::interval,
  constraint job_retention_pkey PRIMARY KEY (only_one),
  constraint job_retention_keep_check CHECK ((keep >= '01:00:00'::interval)),
  constraint job_retention_only_one_check CHECK (only_one)
);
alter table private.job_retention enable row level security, force row level security;
create policy gate_reads on private.job_retention for select to paddock_gate
  using (true);
create policy owner_all on private.job_retention to paddock_owner
  using (true)
  with check (true);
grant select on private.job_retention to paddock_gate;

-- How often each user has had API keys checked at the broker lately.
create table private.key_checks (
  user_id text not null,
  minute_from timestamp with time zone not null default clock_timestamp(),
  in_minute integer not null default 0,
  day_from timestamp with time zone not null default clock_timestamp(),
  in_day integer not null default 0,
  constraint key_checks_pkey PRIMARY KEY (user_id),
  constraint key_checks_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE
);
alter table private.key_checks enable row level security, force row level security;
create policy gate_all on private.key_checks to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (minute_from, in_minute, day_from, in_day), delete on private.key_checks to paddock_gate;

-- The versions of the master key: a check value of each, by which a wrong key is known before anything is encrypted with it, which one stores, and which are retired.
create table private.master_keys (
  key_version integer not null,
  check_value bytea not null,
  stores boolean not null default false,
  retired_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  constraint master_keys_pkey PRIMARY KEY (key_version),
  constraint master_keys_check CHECK (((retired_at IS NULL) OR (NOT stores))),
  constraint master_keys_check_value_check CHECK ((octet_length(check_value) = 32)),
  constraint master_keys_key_version_check CHECK ((key_version > 0))
);
CREATE UNIQUE INDEX master_keys_stores_idx ON private.master_keys USING btree (stores) WHERE stores;
alter table private.master_keys enable row level security, force row level security;
create policy gate_all on private.master_keys to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (stores, retired_at) on private.master_keys to paddock_gate;

-- Of which limits of an account it was told that most of them is used, and on which day last.
create table private.neared_limits (
  account_id uuid not null,
  what text not null,
  day date not null,
  constraint neared_limits_pkey PRIMARY KEY (account_id, what),
  constraint neared_limits_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE
);
alter table private.neared_limits enable row level security, force row level security;
create policy gate_all on private.neared_limits to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (day) on private.neared_limits to paddock_gate;

-- The run of the primary server that writes now, by which a standby of another history is known.
create table private.primary_run (
  is_only boolean not null default true,
  run uuid not null,
  timeline text not null,
  started_at timestamp with time zone not null,
  constraint primary_run_pkey PRIMARY KEY (is_only),
  constraint primary_run_is_only_check CHECK (is_only)
);
alter table private.primary_run enable row level security, force row level security;
create policy gate_all on private.primary_run to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (run, timeline, started_at) on private.primary_run to paddock_gate;

-- Which reporting login may read which account.
create table private.report_grants (
  account_id uuid not null,
  role_oid oid not null,
  role_name name collate "C" not null,
  created_at timestamp with time zone not null default now(),
  user_id text,
  constraint report_grants_pkey PRIMARY KEY (account_id, role_oid),
  constraint report_grants_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE
);
CREATE INDEX report_grants_role_idx ON private.report_grants USING btree (role_oid, role_name);
alter table private.report_grants enable row level security, force row level security;
create policy gate_all on private.report_grants to paddock_gate
  using (true)
  with check (true);
grant select, insert, delete on private.report_grants to paddock_gate;

-- When the audit last had that a reporting login is connected from an address.
create table private.report_sessions (
  login oid not null,
  address text not null,
  noted_at timestamp with time zone not null default clock_timestamp(),
  constraint report_sessions_pkey PRIMARY KEY (login, address)
);
alter table private.report_sessions enable row level security, force row level security;
create policy gate_all on private.report_sessions to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (noted_at), delete on private.report_sessions to paddock_gate;

-- Keys of admission's seal: the current one and the one before it.
create table private.seal_keys (
  id bigint not null,
  inner_pad bytea not null,
  outer_pad bytea not null,
  is_current boolean not null default true,
  created_at timestamp with time zone not null default now(),
  constraint seal_keys_pkey PRIMARY KEY (id),
  constraint seal_keys_inner_pad_check CHECK ((octet_length(inner_pad) = 64)),
  constraint seal_keys_outer_pad_check CHECK ((octet_length(outer_pad) = 64))
);
CREATE UNIQUE INDEX seal_keys_current_key ON private.seal_keys USING btree (is_current) WHERE is_current;
alter table private.seal_keys enable row level security, force row level security;
create policy gate_all on private.seal_keys to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (is_current), delete on private.seal_keys to paddock_gate;

-- The last sign of life of each instance of the server, and for how long it counts.
create table private.signs_of_life (
  holder uuid not null,
  number bigint not null,
  given_at timestamp with time zone not null default clock_timestamp(),
  lasts interval not null,
  constraint signs_of_life_pkey PRIMARY KEY (holder, number),
  constraint signs_of_life_lasts_check CHECK (((lasts >= '00:00:00.001'::interval) AND (lasts <= '01:00:00'::interval)))
);
alter table private.signs_of_life enable row level security, force row level security;
create policy gate_all on private.signs_of_life to paddock_gate
  using (true)
  with check (true);
grant select, insert (holder, lasts), delete on private.signs_of_life to paddock_gate;

-- Which user may use all accounts of which other, also those to come.
create table private.standing_grants (
  owner_id text not null,
  user_id text not null,
  role text not null,
  expires_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  constraint standing_grants_pkey PRIMARY KEY (owner_id, user_id),
  constraint standing_grants_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth."user"(id) ON DELETE CASCADE,
  constraint standing_grants_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE,
  constraint standing_grants_check CHECK ((user_id <> owner_id)),
  constraint standing_grants_role_check CHECK ((role = ANY (ARRAY['trader'::text, 'approver'::text, 'viewer'::text, 'reports'::text])))
);
CREATE INDEX standing_grants_user_idx ON private.standing_grants USING btree (user_id);
alter table private.standing_grants enable row level security, force row level security;
create policy gate_all on private.standing_grants to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (role, expires_at, created_at), delete on private.standing_grants to paddock_gate;

-- How long a password or a code suffices for what needs a step-up; paddock_owner may change it.
create table private.step_up_window (
  only_one boolean not null default true,
  lasts interval not null default '00:15:00'::interval,
  constraint step_up_window_pkey PRIMARY KEY (only_one),
  constraint step_up_window_lasts_check CHECK (((lasts >= '00:01:00'::interval) AND (lasts <= '1 day'::interval))),
  constraint step_up_window_only_one_check CHECK (only_one)
);
alter table private.step_up_window enable row level security, force row level security;
create policy gate_reads on private.step_up_window for select to paddock_gate
  using (true);
create policy owner_all on private.step_up_window to paddock_owner
  using (true)
  with check (true);
grant select on private.step_up_window to paddock_gate;

-- How many bytes a user may have stored in a day; paddock_owner may change them.
create table private.storage_limit (
  only_one boolean not null default true,
  logs_a_day bigint not null default ((100 * 1024) * 1024),
  orders_a_day bigint not null default ((1024 * 1024) * 1024),
  history_a_day bigint not null default ((1024 * 1024) * 1024),
  constraint storage_limit_pkey PRIMARY KEY (only_one),
  constraint storage_limit_history_a_day_check CHECK ((history_a_day >= 0)),
  constraint storage_limit_logs_a_day_check CHECK ((logs_a_day >= 0)),
  constraint storage_limit_only_one_check CHECK (only_one),
  constraint storage_limit_orders_a_day_check CHECK ((orders_a_day >= 0))
);
alter table private.storage_limit enable row level security, force row level security;
create policy gate_reads on private.storage_limit for select to paddock_gate
  using (true);
create policy owner_all on private.storage_limit to paddock_owner
  using (true)
  with check (true);
grant select on private.storage_limit to paddock_gate;

-- How many bytes each user has had stored lately.
create table private.stored_bytes (
  user_id text not null,
  what text not null,
  since timestamp with time zone not null default clock_timestamp(),
  bytes bigint not null,
  constraint stored_bytes_pkey PRIMARY KEY (user_id, what),
  constraint stored_bytes_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE,
  constraint stored_bytes_what_check CHECK ((what = ANY (ARRAY['logs'::text, 'orders'::text, 'history'::text])))
);
alter table private.stored_bytes enable row level security, force row level security;
create policy gate_all on private.stored_bytes to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (since, bytes), delete on private.stored_bytes to paddock_gate;

-- The instances of the server, among which the accounts' streams are divided as long as they live.
create table private.stream_instances (
  holder uuid not null,
  most integer not null,
  constraint stream_instances_pkey PRIMARY KEY (holder),
  constraint stream_instances_most_check CHECK ((most >= 0))
);
alter table private.stream_instances enable row level security, force row level security;
create policy gate_all on private.stream_instances to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (most), delete on private.stream_instances to paddock_gate;

-- Which accounts' streams are behind, since when, and whether that was told.
create table private.stream_outages (
  account_id uuid not null,
  began_at timestamp with time zone not null default clock_timestamp(),
  told_at timestamp with time zone,
  constraint stream_outages_pkey PRIMARY KEY (account_id),
  constraint stream_outages_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE
);
alter table private.stream_outages enable row level security, force row level security;
create policy gate_all on private.stream_outages to paddock_gate
  using (true)
  with check (true);
grant select, insert (account_id), update (told_at), delete on private.stream_outages to paddock_gate;

-- Which accounts each API token reaches.
create table private.token_accounts (
  account_id uuid not null,
  token_id uuid not null,
  sleeve_id uuid,
  constraint token_accounts_pkey PRIMARY KEY (account_id, token_id),
  constraint token_accounts_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint token_accounts_account_id_sleeve_id_fkey FOREIGN KEY (account_id, sleeve_id) REFERENCES app.sleeves(account_id, id),
  constraint token_accounts_token_id_fkey FOREIGN KEY (token_id) REFERENCES private.api_tokens(id) ON DELETE CASCADE
);
CREATE INDEX token_accounts_token_idx ON private.token_accounts USING btree (token_id);
alter table private.token_accounts enable row level security, force row level security;
create policy gate_all on private.token_accounts to paddock_gate
  using (true)
  with check (true);
grant select, insert on private.token_accounts to paddock_gate;
CREATE TRIGGER forget_token_accounts AFTER DELETE ON private.token_accounts REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION private.keep_token_accounts();
CREATE TRIGGER keep_token_accounts AFTER INSERT ON private.token_accounts REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION private.keep_token_accounts();

-- When each API token sent its last heartbeat.
create table private.token_heartbeats (
  token_id uuid not null,
  beaten_at timestamp with time zone not null,
  constraint token_heartbeats_pkey PRIMARY KEY (token_id),
  constraint token_heartbeats_token_id_fkey FOREIGN KEY (token_id) REFERENCES private.api_tokens(id) ON DELETE CASCADE
);
alter table private.token_heartbeats enable row level security, force row level security;
create policy gate_all on private.token_heartbeats to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (beaten_at) on private.token_heartbeats to paddock_gate;

-- How many orders each API token, and those that were made of it, sent on each of the last days, by New York's calendar.
create table private.token_order_counts (
  account_id uuid not null,
  token_id uuid not null,
  day date not null,
  sent integer not null,
  constraint token_order_counts_pkey PRIMARY KEY (account_id, token_id, day),
  constraint token_order_counts_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint token_order_counts_sent_check CHECK ((sent >= 0))
);
alter table private.token_order_counts enable row level security, force row level security;
create policy gate_all on private.token_order_counts to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (sent), delete on private.token_order_counts to paddock_gate;

-- How many orders of each API token were refused in a row on each account, and whether that stopped it.
create table private.token_refusal_runs (
  account_id uuid not null,
  token_id uuid not null,
  refusals integer not null,
  stopped_at timestamp with time zone,
  constraint token_refusal_runs_pkey PRIMARY KEY (account_id, token_id),
  constraint token_refusal_runs_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint token_refusal_runs_refusals_check CHECK ((refusals >= 0))
);
alter table private.token_refusal_runs enable row level security, force row level security;
create policy gate_all on private.token_refusal_runs to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (refusals, stopped_at) on private.token_refusal_runs to paddock_gate;

-- The API keys of each account, encrypted with keys that are not in the database.
create table private.user_credentials (
  account_id uuid not null,
  kind text not null,
  ciphertext bytea not null,
  encryption_algorithm text not null,
  key_version integer not null,
  key_last4 text not null,
  last_decrypted_at timestamp with time zone,
  rejected_at timestamp with time zone,
  generation bigint not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint user_credentials_pkey PRIMARY KEY (account_id),
  constraint user_credentials_account_id_fkey FOREIGN KEY (account_id) REFERENCES app.user_accounts(id) ON DELETE CASCADE,
  constraint user_credentials_ciphertext_check CHECK ((substr(ciphertext, 1, 4) = '\xc30d0409'::bytea)),
  constraint user_credentials_key_last4_check CHECK ((char_length(key_last4) <= 4)),
  constraint user_credentials_key_version_check CHECK ((key_version > 0)),
  constraint user_credentials_kind_check CHECK ((kind = ANY (ARRAY['key'::text, 'oauth'::text])))
);
alter table private.user_credentials enable row level security, force row level security;
create policy gate_all on private.user_credentials to paddock_gate
  using (true)
  with check (true);
grant select, insert, update (kind, ciphertext, encryption_algorithm, key_version, key_last4, last_decrypted_at, rejected_at, generation, updated_at), delete on private.user_credentials to paddock_gate;
CREATE CONSTRAINT TRIGGER note_stream_change AFTER INSERT OR DELETE OR UPDATE OF generation, rejected_at ON private.user_credentials DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION private.note_stream_change();
CREATE TRIGGER apply_key_change AFTER INSERT OR DELETE OR UPDATE OF generation, rejected_at ON private.user_credentials FOR EACH ROW EXECUTE FUNCTION private.apply_key_change();
CREATE TRIGGER hold_key_version BEFORE INSERT OR UPDATE OF key_version, ciphertext ON private.user_credentials FOR EACH ROW EXECUTE FUNCTION private.hold_key_version();

-- The accounts that this login may report on.
create view report.accounts with (security_invoker=true, security_barrier=true) as
 SELECT user_accounts.id AS account_id,
    user_accounts.name,
    user_accounts.environment,
    user_accounts.alpaca_account_number,
    user_accounts.is_active,
    user_accounts.created_at
   FROM app.user_accounts;
grant select on report.accounts to paddock_report;

-- Splits, fees, and what became of options.
create view report.adjustments with (security_invoker=true, security_barrier=true) as
 SELECT journal_adjustments.account_id,
    journal_adjustments.activity_id,
    journal_adjustments.kind,
    journal_adjustments.symbol,
    journal_adjustments.at,
    journal_adjustments.qty,
    journal_adjustments.price,
    journal_adjustments.net_amount,
    journal_adjustments.description,
    journal_adjustments.canceled,
    journal_adjustments.old_parts,
    journal_adjustments.new_parts,
    journal_adjustments.orchestrator_agent_id,
    journal_adjustments.tag
   FROM app.journal_adjustments;
grant select on report.adjustments to paddock_report;

-- What each agent did on each day.
create view report.agent_activity with (security_invoker=true, security_barrier=true) as
 SELECT parts.account_id,
    parts.orchestrator_agent_id,
    parts.trading_day,
    sum(parts.orders) AS orders,
    sum(parts.filled) AS filled,
    sum(parts.canceled) AS canceled,
    sum(parts.rejected) AS rejected,
    sum(parts.fills) AS fills,
    sum(parts.traded) AS traded,
    sum(parts.logs) AS logs,
    sum(parts.warnings) AS warnings,
    sum(parts.errors) AS errors,
    min(parts.at) AS first_at,
    max(parts.at) AS last_at
   FROM ( SELECT alpaca_orders.account_id,
            alpaca_orders.orchestrator_agent_id,
            ((alpaca_orders.created_at AT TIME ZONE 'America/New_York'::text))::date AS trading_day,
            alpaca_orders.created_at AS at,
            1 AS orders,
                CASE alpaca_orders.status
                    WHEN 'filled'::text THEN 1
                    ELSE 0
                END AS filled,
                CASE alpaca_orders.status
                    WHEN 'canceled'::text THEN 1
                    ELSE 0
                END AS canceled,
                CASE alpaca_orders.status
                    WHEN 'rejected'::text THEN 1
                    ELSE 0
                END AS rejected,
            0 AS fills,
            (0)::numeric AS traded,
            0 AS logs,
            0 AS warnings,
            0 AS errors
           FROM app.alpaca_orders
          WHERE (alpaca_orders.orchestrator_agent_id IS NOT NULL)
        UNION ALL
         SELECT fills.account_id,
            fills.orchestrator_agent_id,
            ((fills.at AT TIME ZONE 'America/New_York'::text))::date AS timezone,
            fills.at,
            0,
            0,
            0,
            0,
            1,
            ((fills.qty * fills.price) * fills.multiplier),
            0,
            0,
            0
           FROM app.fills
          WHERE ((fills.orchestrator_agent_id IS NOT NULL) AND (fills.state = 'live'::text))
        UNION ALL
         SELECT agent_logs.account_id,
            agent_logs.orchestrator_agent_id,
            ((agent_logs.at AT TIME ZONE 'America/New_York'::text))::date AS timezone,
            agent_logs.at,
            0,
            0,
            0,
            0,
            0,
            0,
            1,
                CASE agent_logs.level
                    WHEN 'warn'::text THEN 1
                    ELSE 0
                END AS "case",
                CASE agent_logs.level
                    WHEN 'error'::text THEN 1
                    ELSE 0
                END AS "case"
           FROM app.agent_logs
          WHERE (agent_logs.orchestrator_agent_id IS NOT NULL)) parts
  GROUP BY parts.account_id, parts.orchestrator_agent_id, parts.trading_day;
grant select on report.agent_activity to paddock_report;

-- What agents logged of their work.
create view report.agent_logs with (security_invoker=true, security_barrier=true) as
 SELECT agent_logs.account_id,
    agent_logs.id AS log_id,
    agent_logs.orchestrator_agent_id,
    agent_logs.level,
    agent_logs.message,
    agent_logs.data,
    agent_logs.at,
    agent_logs.order_id,
    agent_logs.token_id,
    agent_logs.created_at AS received_at
   FROM app.agent_logs;
grant select on report.agent_logs to paddock_report;

-- What waited for a person's word before it was done, and what became of it.
create view report.approvals with (security_invoker=true, security_barrier=true) as
 SELECT approvals.account_id,
    approvals.id AS approval_id,
    approvals.kind,
    approvals.state,
    approvals.reason,
    approvals.token_id,
    approvals.worth,
    approvals.needed,
    approvals.proposed_at,
    approvals.expires_at,
    approvals.decided_at
   FROM app.approvals;
grant select on report.approvals to paddock_report;

-- Who did what on an account. Rows are never changed.
create view report.audit with (security_invoker=true, security_barrier=true) as
 SELECT audit_log.account_id,
    audit_log.at,
    audit_log.kind,
    audit_log.actor,
    audit_log.action,
    audit_log.detail,
    audit_log.request,
    audit_log.request_id,
    audit_log.session_id,
    audit_log.address
   FROM app.audit_log;
grant select on report.audit to paddock_report;

-- Money that came in or went out without a trade: fees, and what became of options.
create view report.cash_flows with (security_invoker=true, security_barrier=true) as
 SELECT journal_adjustments.account_id,
    journal_adjustments.activity_id,
    journal_adjustments.kind,
        CASE
            WHEN (journal_adjustments.kind = ANY (ARRAY['FEE'::text, 'CFEE'::text])) THEN 'fee'::text
            ELSE 'option'::text
        END AS category,
    journal_adjustments.symbol,
    journal_adjustments.at,
    journal_adjustments.day AS trading_day,
    journal_adjustments.net_amount AS amount,
    journal_adjustments.description
   FROM app.journal_adjustments
  WHERE ((NOT journal_adjustments.canceled) AND (journal_adjustments.net_amount <> (0)::numeric));
grant select on report.cash_flows to paddock_report;

-- What was copied from a leader's orders on the account, with the lag and the prices of both.
create view report.copies with (security_invoker=true, security_barrier=true) as
 SELECT c.account_id,
    c.id AS copy_id,
    c.follow_id,
    c.action,
    c.symbol,
    c.side,
    c.state,
    c.reason,
    c.led_at,
    o.created_at AS sent_at,
    o.filled_at,
    c.leader_filled_at,
    o.filled_qty,
    o.filled_avg_price,
    c.leader_price,
    EXTRACT(epoch FROM (o.created_at - c.led_at)) AS lag,
    ((o.filled_avg_price - c.leader_price) * (
        CASE c.side
            WHEN 'sell'::text THEN '-1'::integer
            ELSE 1
        END)::numeric) AS price_difference
   FROM (app.copies c
     LEFT JOIN app.alpaca_orders o ON (((o.account_id = c.account_id) AND (o.id = c.id))));
grant select on report.copies to paddock_report;

-- Each use and change of an account's API keys.
create view report.credential_access with (security_invoker=true, security_barrier=true) as
 SELECT audit_log.account_id,
    audit_log.at,
    audit_log.kind,
    audit_log.actor,
    audit_log.action,
    ((audit_log.detail ->> 'key_version'::text))::integer AS key_version,
    (audit_log.detail ->> 'key_last4'::text) AS key_last4,
    audit_log.request,
    audit_log.request_id,
    audit_log.session_id,
    audit_log.address
   FROM app.audit_log
  WHERE (audit_log.action = ANY (ARRAY['credentials.store'::text, 'credentials.delete'::text, 'credentials.rejected'::text, 'credentials.decrypt'::text, 'credentials.rotate'::text]));
grant select on report.credential_access to paddock_report;

-- What the round trips came to that were closed on each day, by account, agent and tag.
create view report.daily_profit_and_loss with (security_invoker=true, security_barrier=true) as
 SELECT parts.account_id,
    parts.scope,
    parts.scope_value,
    parts.trading_day,
    sum(parts.trip) AS trips,
    sum(parts.won) AS won,
    sum(parts.lost) AS lost,
    sum(parts.incomplete) AS incomplete,
        CASE
            WHEN (sum(parts.incomplete) = 0) THEN sum(parts.realized_pl)
            ELSE NULL::numeric
        END AS realized_pl,
    sum(parts.fees) AS fees,
    sum(parts.other_fees) AS other_fees,
        CASE
            WHEN (sum(parts.incomplete) = 0) THEN ((sum(parts.realized_pl) - sum(parts.fees)) - sum(parts.other_fees))
            ELSE NULL::numeric
        END AS net_pl
   FROM ( SELECT trading_positions.account_id,
            trading_positions.scope,
            trading_positions.scope_value,
            ((trading_positions.closed_at AT TIME ZONE 'America/New_York'::text))::date AS trading_day,
            1 AS trip,
                CASE
                    WHEN (trading_positions.net_pl > (0)::numeric) THEN 1
                    ELSE 0
                END AS won,
                CASE
                    WHEN (trading_positions.net_pl < (0)::numeric) THEN 1
                    ELSE 0
                END AS lost,
                CASE
                    WHEN trading_positions.complete THEN 0
                    ELSE 1
                END AS incomplete,
            trading_positions.realized_pl,
            trading_positions.fees,
            (0)::numeric AS other_fees
           FROM report.trading_positions
          WHERE (trading_positions.closed_at IS NOT NULL)
        UNION ALL
         SELECT journal_adjustments.account_id,
            'account'::text AS scope,
            NULL::text AS scope_value,
            journal_adjustments.day,
            0,
            0,
            0,
            0,
            0,
            0,
            (- journal_adjustments.net_amount)
           FROM app.journal_adjustments
          WHERE ((journal_adjustments.kind = ANY (ARRAY['FEE'::text, 'CFEE'::text])) AND (journal_adjustments.symbol IS NULL) AND (NOT journal_adjustments.canceled))) parts
  GROUP BY parts.account_id, parts.scope, parts.scope_value, parts.trading_day;
grant select on report.daily_profit_and_loss to paddock_report;

-- What each account was worth, by the broker, in each hour in which it was looked at.
create view report.equity_curve with (security_invoker=true, security_barrier=true) as
 SELECT balance_history.account_id,
    balance_history.hour,
    ((balance_history.as_of AT TIME ZONE 'America/New_York'::text))::date AS trading_day,
    balance_history.equity,
    balance_history.cash,
    balance_history.last_equity,
    (balance_history.equity - balance_history.last_equity) AS day_change,
    balance_history.as_of
   FROM app.balance_history;
grant select on report.equity_curve to paddock_report;

-- The event log of each account, numbered without gaps.
create view report.events with (security_invoker=true, security_barrier=true) as
 SELECT account_events.account_id,
    account_events.seq,
    account_events.kind,
    account_events.at,
    account_events.data
   FROM app.account_events;
grant select on report.events to paddock_report;

-- What the account, and each agent, tag, sleeve, user and API token, holds now.
create view report.exposure_by_scope with (security_invoker=true, security_barrier=true) as
 SELECT t.account_id,
    t.scope,
    NULLIF(t.scope_value, ''::text) AS scope_value,
    t.symbol,
    t.asset_class,
    t.direction,
    h.qty,
    (((h.sign)::numeric * t.held_cost) * t.multiplier) AS cost,
    ((h.qty * p.current_price) * t.multiplier) AS market_value,
    (((h.qty * p.current_price) * t.multiplier) - (((h.sign)::numeric * t.held_cost) * t.multiplier)) AS unrealized_pl,
    p.as_of
   FROM ((app.trading_positions t
     CROSS JOIN LATERAL ( SELECT
                CASE t.direction
                    WHEN 'long'::text THEN 1
                    ELSE '-1'::integer
                END AS sign,
            ((t.entry_qty - t.exit_qty) * (
                CASE t.direction
                    WHEN 'long'::text THEN 1
                    ELSE '-1'::integer
                END)::numeric) AS qty) h)
     LEFT JOIN app.alpaca_positions p ON (((p.account_id = t.account_id) AND (p.symbol = replace(t.symbol, '/'::text, ''::text)))))
  WHERE (t.closed_at IS NULL);
grant select on report.exposure_by_scope to paddock_report;

-- What each position is of all that the account holds now.
create view report.exposure_by_symbol with (security_invoker=true, security_barrier=true) as
 SELECT alpaca_positions.account_id,
    alpaca_positions.symbol,
    alpaca_positions.asset_class,
        CASE
            WHEN (alpaca_positions.qty < (0)::numeric) THEN 'short'::text
            ELSE 'long'::text
        END AS direction,
    alpaca_positions.qty,
    alpaca_positions.market_value,
    abs(alpaca_positions.market_value) AS gross_exposure,
    (abs(alpaca_positions.market_value) / NULLIF(sum(abs(alpaca_positions.market_value)) OVER (PARTITION BY alpaca_positions.account_id), (0)::numeric)) AS share_of_gross,
    alpaca_positions.as_of
   FROM app.alpaca_positions
  WHERE (alpaca_positions.qty <> (0)::numeric);
grant select on report.exposure_by_symbol to paddock_report;

-- Executions of orders. Only those whose state is live count.
create view report.fills with (security_invoker=true, security_barrier=true) as
 SELECT fills.account_id,
    fills.id AS fill_id,
    fills.order_id,
    fills.alpaca_order_id,
    fills.symbol,
    fills.asset_class,
    fills.multiplier,
    fills.side,
    fills.qty,
    fills.price,
    fills.at,
    fills.state,
    fills.source,
    fills.orchestrator_agent_id,
    fills.tag,
    fills.sleeve_id,
    fills.submitted_by,
    fills.token_id
   FROM app.fills;
grant select on report.fills to paddock_report;

-- Round trips as another system recorded them before its rows were moved here.
create view report.imported_trading_positions with (security_invoker=true, security_barrier=true) as
 SELECT imported_trading_positions.account_id,
    imported_trading_positions.key,
    imported_trading_positions.symbol,
    imported_trading_positions.direction,
    imported_trading_positions.status,
    imported_trading_positions.qty,
    imported_trading_positions.entry_price,
    imported_trading_positions.exit_price,
    imported_trading_positions.realized_pl,
    imported_trading_positions.opened_at,
    imported_trading_positions.closed_at,
    imported_trading_positions.orchestrator_agent_id,
    imported_trading_positions.tag,
    imported_trading_positions.data
   FROM app.imported_trading_positions;
grant select on report.imported_trading_positions to paddock_report;

-- Where the journal and the broker hold different quantities.
create view report.journal_gaps with (security_invoker=true, security_barrier=true) as
 SELECT journal_gaps.account_id,
    journal_gaps.symbol,
    journal_gaps.journal_qty,
    journal_gaps.broker_qty,
    journal_gaps.trips_since,
    journal_gaps.since
   FROM app.journal_gaps;
grant select on report.journal_gaps to paddock_report;

-- Orders, with what the broker last said of them.
create view report.orders with (security_invoker=true, security_barrier=true) as
 SELECT alpaca_orders.account_id,
    alpaca_orders.id AS order_id,
    alpaca_orders.client_order_id,
    alpaca_orders.alpaca_order_id,
    alpaca_orders.symbol,
    alpaca_orders.side,
    alpaca_orders.type,
    alpaca_orders.time_in_force,
    alpaca_orders.order_class,
    alpaca_orders.qty,
    alpaca_orders.notional,
    alpaca_orders.limit_price,
    alpaca_orders.stop_price,
    alpaca_orders.extended_hours,
    alpaca_orders.status,
    alpaca_orders.status_message,
    alpaca_orders.filled_qty,
    alpaca_orders.filled_avg_price,
    alpaca_orders.orchestrator_agent_id,
    alpaca_orders.tag,
    alpaca_orders.created_at,
    alpaca_orders.submitted_at,
    alpaca_orders.filled_at,
    alpaca_orders.canceled_at,
    alpaca_orders.updated_at,
    alpaca_orders.position_intent,
    alpaca_orders.trail_price,
    alpaca_orders.trail_percent,
    alpaca_orders.parent_alpaca_order_id,
    alpaca_orders.replaces,
    alpaca_orders.replaced_by,
    alpaca_orders.submitted_by,
    alpaca_orders.token_id,
    alpaca_orders.sleeve_id,
    alpaca_orders.reason
   FROM app.alpaca_orders;
grant select on report.orders to paddock_report;

-- What was held at the end of each day on which that changed, from fills and adjustments.
create view report.position_history with (security_invoker=true, security_barrier=true) as
 WITH changes AS (
         SELECT fills.account_id,
            replace(fills.symbol, '/'::text, ''::text) AS symbol,
            fills.asset_class,
            fills.at,
            fills.execution_id AS id,
                CASE fills.side
                    WHEN 'buy'::text THEN fills.qty
                    ELSE (- fills.qty)
                END AS change,
                CASE fills.side
                    WHEN 'buy'::text THEN fills.qty
                    ELSE (0)::numeric
                END AS bought,
                CASE fills.side
                    WHEN 'sell'::text THEN fills.qty
                    ELSE (0)::numeric
                END AS sold,
            false AS expired
           FROM app.fills
          WHERE (fills.state = 'live'::text)
        UNION ALL
         SELECT a.account_id,
            a.symbol,
            NULL::text AS asset_class,
            a.at,
            a.activity_id,
                CASE a.kind
                    WHEN 'OPTRD'::text THEN a.qty
                    WHEN 'OPASN'::text THEN abs(a.qty)
                    WHEN 'OPEXP'::text THEN (0)::numeric
                    ELSE (- abs(a.qty))
                END AS "case",
            0,
            0,
            (a.kind = 'OPEXP'::text)
           FROM app.journal_adjustments a
          WHERE ((a.kind <> 'SPLIT'::text) AND (NOT a.canceled) AND (a.symbol IS NOT NULL) AND ((a.qty IS NOT NULL) OR (a.kind = 'OPEXP'::text)))
        UNION ALL
         SELECT l.account_id,
            l.symbol,
            NULL::text AS asset_class,
            l.at,
            l.activity_id,
            sum(p.qty) AS sum,
            0,
            0,
            false
           FROM (app.journal_adjustments l
             JOIN app.journal_adjustments p ON (((p.account_id = l.account_id) AND (p.symbol = l.symbol) AND (p.split_of = l.activity_id))))
          WHERE ((l.kind = 'SPLIT'::text) AND (l.split_of = l.activity_id) AND (l.symbol IS NOT NULL))
          GROUP BY l.account_id, l.symbol, l.at, l.activity_id, l.sub_type
         HAVING ((count(*) > 1) OR (l.sub_type IS NULL))
        ), chapters AS (
         SELECT c.account_id,
            c.symbol,
            c.asset_class,
            c.at,
            c.id,
            c.change,
            c.bought,
            c.sold,
            c.expired,
            count(*) FILTER (WHERE c.expired) OVER (PARTITION BY c.account_id, c.symbol ORDER BY c.at, c.id) AS chapter
           FROM changes c
        ), steps AS (
         SELECT c.account_id,
            c.symbol,
            c.asset_class,
            c.at,
            c.id,
            c.change,
            c.bought,
            c.sold,
            c.expired,
            c.chapter,
            sum(c.change) OVER (PARTITION BY c.account_id, c.symbol, c.chapter ORDER BY c.at, c.id) AS held
           FROM chapters c
        ), days AS (
         SELECT steps.account_id,
            steps.symbol,
            max(steps.asset_class) AS asset_class,
            ((steps.at AT TIME ZONE 'America/New_York'::text))::date AS trading_day,
            sum(steps.bought) AS bought_qty,
            sum(steps.sold) AS sold_qty,
            (array_agg(steps.held ORDER BY steps.at DESC, steps.id DESC))[1] AS end_qty
           FROM steps
          GROUP BY steps.account_id, steps.symbol, (((steps.at AT TIME ZONE 'America/New_York'::text))::date)
        )
 SELECT d.account_id,
    d.symbol,
    max(d.asset_class) OVER (PARTITION BY d.account_id, d.symbol) AS asset_class,
    d.trading_day,
    (lead(d.trading_day) OVER w - 1) AS until_day,
    d.bought_qty,
    d.sold_qty,
    (((d.end_qty - COALESCE(lag(d.end_qty) OVER w, (0)::numeric)) - d.bought_qty) + d.sold_qty) AS adjusted_qty,
    d.end_qty,
    (NOT (EXISTS ( SELECT
           FROM app.journal_gaps g
          WHERE ((g.account_id = d.account_id) AND (replace(g.symbol, '/'::text, ''::text) = d.symbol) AND (d.trading_day >= ((g.trips_since AT TIME ZONE 'America/New_York'::text))::date))))) AS complete
   FROM days d
  WINDOW w AS (PARTITION BY d.account_id, d.symbol ORDER BY d.trading_day);
grant select on report.position_history to paddock_report;

-- What is held now, as the broker says.
create view report.positions with (security_invoker=true, security_barrier=true) as
 SELECT alpaca_positions.account_id,
    alpaca_positions.symbol,
    alpaca_positions.asset_class,
    alpaca_positions.qty,
    alpaca_positions.avg_entry_price,
    alpaca_positions.cost_basis,
    alpaca_positions.market_value,
    alpaca_positions.current_price,
    alpaca_positions.unrealized_pl,
    alpaca_positions.as_of
   FROM app.alpaca_positions
  WHERE (alpaca_positions.qty <> (0)::numeric);
grant select on report.positions to paddock_report;

-- Cash that was moved into a sleeve, out of one, or from one to another.
create view report.sleeve_transfers with (security_invoker=true, security_barrier=true) as
 SELECT sleeve_transfers.account_id,
    sleeve_transfers.id AS transfer_id,
    sleeve_transfers.from_sleeve_id,
    sleeve_transfers.to_sleeve_id,
    sleeve_transfers.amount,
    sleeve_transfers.note,
    sleeve_transfers.made_at
   FROM app.sleeve_transfers;
grant select on report.sleeve_transfers to paddock_report;

-- Sleeves: parts of an account with cash and positions of their own. Their round trips are in report.trading_positions, with the scope sleeve.
create view report.sleeves with (security_invoker=true, security_barrier=true) as
 SELECT sleeves.account_id,
    sleeves.id AS sleeve_id,
    sleeves.name,
    sleeves.switch,
    sleeves.max_order_notional,
    sleeves.max_position_notional,
    sleeves.transferred,
    sleeves.cash,
    sleeves.realized_pl,
    sleeves.fees,
    sleeves.created_at,
    sleeves.closed_at
   FROM app.sleeves;
grant select on report.sleeves to paddock_report;

-- What each filled order cost beyond the middle of the quote that it met when it was sent.
create view report.slippage with (security_invoker=true, security_barrier=true) as
 SELECT o.account_id,
    o.id AS order_id,
    o.created_at AS at,
    ((o.created_at AT TIME ZONE 'America/New_York'::text))::date AS trading_day,
    (EXTRACT(hour FROM (o.created_at AT TIME ZONE 'America/New_York'::text)))::integer AS trading_hour,
    o.symbol,
    o.side,
    o.type,
    o.submitted_by,
    o.token_id,
    o.orchestrator_agent_id,
    o.tag,
    o.sleeve_id,
    o.filled_qty,
    o.filled_avg_price,
    q.bid,
    q.ask,
    m.mid,
    ((m.sign)::numeric * (o.filled_avg_price - m.mid)) AS slippage_per_unit,
    ((((m.sign)::numeric * (o.filled_avg_price - m.mid)) * o.filled_qty) * (m.multiplier)::numeric) AS slippage,
    ((((m.sign)::numeric * (o.filled_avg_price - m.mid)) / NULLIF(m.mid, (0)::numeric)) * (10000)::numeric) AS slippage_bps
   FROM ((app.alpaca_orders o
     JOIN app.arrival_quotes q ON (((q.account_id = o.account_id) AND (q.order_id = o.id))))
     CROSS JOIN LATERAL ( SELECT ((q.bid + q.ask) / (2)::numeric) AS mid,
                CASE o.side
                    WHEN 'sell'::text THEN '-1'::integer
                    ELSE 1
                END AS sign,
                CASE
                    WHEN (o.symbol ~ '^[A-Z0-9]{1,6}[0-9]{6}[CP][0-9]{8}$'::text) THEN 100
                    ELSE 1
                END AS multiplier) m)
  WHERE ((o.filled_qty > (0)::numeric) AND (o.filled_avg_price IS NOT NULL) AND (q.bid > (0)::numeric) AND (q.ask >= q.bid));
grant select on report.slippage to paddock_report;

-- Round trips by account, agent and tag; without a profit where the journal and the broker differ.
create view report.trading_positions with (security_invoker=true, security_barrier=true) as
 SELECT t.account_id,
    t.id AS trading_position_id,
    t.scope,
    NULLIF(t.scope_value, ''::text) AS scope_value,
    t.symbol,
    t.asset_class,
    t.multiplier,
    t.direction,
    t.opened_at,
    t.closed_at,
    (t.entry_qty - t.exit_qty) AS qty,
    t.max_qty,
    t.entry_qty,
    t.entry_notional,
    t.exit_qty,
    t.exit_notional,
    t.held_cost,
    t.fills,
    (t.entry_notional / t.entry_qty) AS avg_entry_price,
    (t.exit_notional / NULLIF(t.exit_qty, (0)::numeric)) AS avg_exit_price,
    (t.held_cost / NULLIF((t.entry_qty - t.exit_qty), (0)::numeric)) AS avg_held_price,
        CASE
            WHEN (g.symbol IS NULL) THEN t.realized_pl
            ELSE NULL::numeric
        END AS realized_pl,
    t.fees,
        CASE
            WHEN (g.symbol IS NULL) THEN (t.realized_pl - t.fees)
            ELSE NULL::numeric
        END AS net_pl,
    (g.symbol IS NULL) AS complete
   FROM (app.trading_positions t
     LEFT JOIN app.journal_gaps g ON (((g.account_id = t.account_id) AND (g.symbol = t.symbol) AND (COALESCE(t.closed_at, 'infinity'::timestamp with time zone) >= g.trips_since))));
grant select on report.trading_positions to paddock_report;

create function app.account_cash(p_account uuid) returns numeric
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate

-- An account's state, its positions and its open orders, as of its newest event.
create function app.account_snapshot(p_account uuid) returns jsonb
  language sql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.activity_time(a jsonb) returns timestamp with time zone
  language sql stable parallel safe;  -- paddock_owner's; for paddock_worker

create function app.advance_stream_cursor(p_account uuid, p_event_id text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.allocate(p_total numeric, p_weights numeric[], p_unit numeric) returns numeric[]
  language plpgsql immutable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_gate

-- Stores lines of an agent's log, and makes one event of them.
create function app.append_agent_logs(p_ids uuid[], p_ats timestamp with time zone[], p_agents text[], p_levels text[], p_messages text[], p_data jsonb[], p_orders uuid[], p_key text, p_hash bytea, OUT lines integer, OUT first_at timestamp with time zone, OUT last_at timestamp with time zone) returns record
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.apply_fill_to_position(p_account uuid, p_symbol text, p_asset_class text, p_by numeric, p_price numeric, p_at timestamp with time zone) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_recorder, paddock_worker

create function app.apply_trade_update(p_account uuid, u jsonb) returns bigint
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.approval_json(p_account uuid, p_id uuid) returns jsonb
  language sql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate

-- Whether each of the numbers has few enough digits to be an amount.
create function app.are_amounts(numbers numeric[]) returns boolean
  language plpgsql immutable parallel safe strict set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_recorder, paddock_worker

create function app.asset_class(o app.alpaca_orders) returns text
  language sql stable parallel safe;  -- paddock_owner's; for paddock_gate, paddock_worker

create function app.attribute_adjustment(p_account uuid, p_activity text, p_symbol text, p_since timestamp with time zone) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.average_entry(p_held numeric, p_average numeric, p_by numeric, p_price numeric) returns numeric
  language sql immutable parallel safe;  -- paddock_owner's; for paddock_recorder, paddock_worker

create function app.broker_order_count(p_action text, p_order_class text, p_alpaca_order_id uuid, p_parent uuid) returns integer
  language sql immutable parallel safe;  -- paddock_owner's; for paddock_app, paddock_gate

-- What the admitted user or API token may still do on an account.
create function app.budget_json(p_account uuid, p_sleeve uuid DEFAULT NULL::uuid) returns jsonb
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.change_event(p_event text, p_order jsonb) returns jsonb
  language sql immutable parallel safe;  -- paddock_owner's; for paddock_app, paddock_recorder, paddock_worker

create function app.check_closing(o app.alpaca_orders) returns jsonb
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_worker

-- What the guards say of an order: which limits it breaks, and what must be fetched first.
create function app.check_guards(o app.alpaca_orders) returns jsonb
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

-- What the sleeves of an account say of an order.
create function app.check_sleeve(o app.alpaca_orders, OUT violations jsonb, OUT needs jsonb, OUT approval_above numeric) returns record
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_worker

create function app.client_order_id_for_key(p_account uuid, p_key text, p_new text) returns text
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.closable_quantity(p_account uuid, p_symbol text, p_side text, p_parked boolean DEFAULT true, p_without uuid DEFAULT NULL::uuid) returns numeric
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_worker

create function app.closings_to_make(p_account uuid, p_wind_down uuid) returns TABLE(symbol text, asset_class text, held numeric, side text, qty numeric, refused text, waits boolean)
  language sql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.common_symbols(a text[], b text[]) returns text[]
  language plpgsql immutable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate

create function app.continue_round_trips(p_account uuid, p_most integer) returns boolean
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.doubt_mirror(p_account uuid) returns void
  language sql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_recorder, paddock_worker

-- Of what an event tells: one of the topics of notices.
create function app.event_topic(p_kind text, p_data jsonb) returns text
  language plpgsql immutable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_gate

create function app.find_journal_gaps(p_account uuid) returns TABLE(symbol text, journal_qty numeric, broker_qty numeric, trips_since timestamp with time zone, unsettled boolean)
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.find_overshoots(o app.alpaca_orders, p_moved numeric, p_side text, p_at timestamp with time zone) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_recorder, paddock_worker

create function app.guard_exercise() returns trigger
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's

create function app.guard_order() returns trigger
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's

-- An account's guards as the API shows them, and how much of them is used.
create function app.guards_json(p_account uuid) returns jsonb
  language sql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.halt_reason(p_account uuid) returns text
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.has_unanswered_intents(p_account uuid) returns boolean
  language sql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.has_uncounted_items(p_account uuid) returns boolean
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_worker

create function app.held_in_sleeves(p_account uuid, p_symbol text, p_sleeve uuid DEFAULT NULL::uuid) returns numeric
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_worker

create function app.held_quantity(p_account uuid, p_symbol text) returns numeric
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_recorder, paddock_worker

create function app.import_hash(p_text text) returns numeric
  language sql immutable parallel safe;  -- paddock_owner's; for paddock_gate

create function app.import_history_activities(p_account uuid, p_activities jsonb) returns integer
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.import_history_orders(p_account uuid, p_orders jsonb, OUT added integer, OUT is_open boolean, OUT ours text[]) returns record
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.import_row_id(p_account uuid, p_table text, p_id text, p_key text) returns uuid
  language sql immutable parallel safe;  -- paddock_owner's; for paddock_gate

create function app.in_sleeve(o app.alpaca_orders) returns app.alpaca_orders
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_worker

create function app.inherit_parent_owner() returns trigger
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's

create function app.instant(p_clock timestamp without time zone, p_zone text) returns timestamp with time zone
  language plpgsql stable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate

-- Whether a number has few enough digits to be an amount.
create function app.is_amount(n numeric) returns boolean
  language plpgsql immutable parallel safe strict set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_recorder, paddock_worker

create function app.is_beating(p_beaten_at timestamp with time zone, p_seconds integer) returns boolean
  language sql stable parallel safe;  -- paddock_owner's; for paddock_app, paddock_gate

-- Whether an order of this status is over, so that it will never trade again.
create function app.is_ended(p_status text) returns boolean
  language sql immutable parallel safe;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_recorder, paddock_worker

create function app.is_fresh(p_agreed_at timestamp with time zone, p_unbroken_since timestamp with time zone, p_max_age interval) returns boolean
  language sql stable parallel safe;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_worker

create function app.is_price_asked(p_asked numeric, p_price numeric, p_split numeric) returns boolean
  language sql immutable parallel safe;  -- paddock_owner's; for paddock_app, paddock_recorder, paddock_worker

create function app.is_quiet(p_from time without time zone, p_until time without time zone, p_zone text, p_at timestamp with time zone) returns boolean
  language plpgsql stable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate

-- Whether somebody has to act on an event soon.
create function app.is_urgent(p_kind text, p_data jsonb) returns boolean
  language plpgsql immutable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_gate

create function app.job_json(p_account uuid, p_id uuid, p_answer boolean DEFAULT true) returns jsonb
  language sql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate

-- How many bytes a jsonb takes as text.
create function app.json_size(j jsonb) returns bigint
  language plpgsql immutable parallel safe strict set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_recorder, paddock_worker

create function app.local_time(p_at timestamp with time zone, p_zone text) returns timestamp without time zone
  language plpgsql stable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate

create function app.make_closing(p_account uuid, p_wind_down uuid, p_symbol text, p_side text, p_qty numeric) returns app.alpaca_orders
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.match_listed_fills(p_account uuid, p_order uuid, p_activities jsonb) returns TABLE(activity_id text, execution_id text)
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.match_stream_fill(p_account uuid, p_order uuid, p_execution text, p_qty numeric, p_price numeric, p_at timestamp with time zone) returns app.fills
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.matches_intent(i app.alpaca_orders, o jsonb) returns boolean
  language plpgsql immutable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_recorder, paddock_worker

-- Whether an account's mirror may be trusted: it has agreed with the broker lately, and nothing has put it in doubt since.
create function app.mirror_is_current(p_account uuid) returns boolean
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_worker

create function app.missed_heartbeat(p_whose text, p_seconds integer, p_beaten_at timestamp with time zone) returns jsonb
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate

create function app.multi_leg_legs(o app.alpaca_orders) returns jsonb
  language sql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_recorder, paddock_worker

create function app.multiplier(o app.alpaca_orders) returns numeric
  language sql stable parallel safe;  -- paddock_owner's; for paddock_worker

create function app.open_order_count(p_account uuid, p_without uuid DEFAULT NULL::uuid) returns bigint
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate

create function app.open_quantities(p_account uuid, p_symbol text, p_without uuid DEFAULT NULL::uuid, p_price numeric DEFAULT NULL::numeric, p_parked boolean DEFAULT true, p_sleeve uuid DEFAULT NULL::uuid, p_unassigned boolean DEFAULT false, OUT buys numeric, OUT sells numeric, OUT dearest numeric, OUT unmeasured boolean) returns record
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_worker

create function app.opposing_orders(p_account uuid, p_symbol text, p_side text) returns SETOF app.alpaca_orders
  language sql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.order_cost(o app.alpaca_orders) returns numeric
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_recorder, paddock_worker

create function app.order_event(p_event text, o app.alpaca_orders) returns jsonb
  language sql stable parallel safe;  -- paddock_owner's; for paddock_app, paddock_recorder, paddock_worker

-- An order as the API and the event log show it.
create function app.order_json(o app.alpaca_orders) returns jsonb
  language sql stable parallel safe;  -- paddock_owner's; for paddock_app, paddock_recorder, paddock_worker

create function app.order_legs_json(p_account uuid, p_order uuid) returns jsonb
  language sql stable;  -- paddock_owner's; for paddock_app

create function app.order_lines(o app.alpaca_orders) returns TABLE(symbol text, side text, qty numeric, price numeric, multiplier numeric)
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_recorder, paddock_worker

create function app.order_sort_key(p_account uuid, p_order uuid) returns TABLE(created_at timestamp with time zone, id uuid, submitted_at timestamp with time zone, alpaca_order_id uuid)
  language sql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.order_symbol(p_symbol text) returns text
  language sql immutable parallel safe;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_worker

create function app.order_symbols(p_symbols text[]) returns text[]
  language plpgsql immutable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_gate

create function app.orders_from_broker_json(p_account uuid, p_orders jsonb, p_parent uuid DEFAULT NULL::uuid) returns SETOF app.alpaca_orders
  language sql stable;  -- paddock_owner's; for paddock_app

create function app.orders_matching(p_account uuid, p_after timestamp with time zone, p_until timestamp with time zone, p_symbols text[], p_side text, p_classes text[]) returns SETOF app.alpaca_orders
  language sql stable;  -- paddock_owner's; for paddock_app

create function app.orders_sent_by_token(p_account uuid, p_token uuid, p_since timestamp with time zone) returns bigint
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.orders_sent_since(p_account uuid, p_since timestamp with time zone) returns bigint
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.orders_sent_today(p_account uuid) returns bigint
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.other_order_fields(o jsonb) returns jsonb
  language plpgsql immutable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_recorder, paddock_worker

create function app.pair_splits(p_account uuid, p_symbol text) returns timestamp with time zone
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.parse_position(p_account uuid, p jsonb, p_as_of timestamp with time zone) returns app.alpaca_positions
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_recorder, paddock_worker

create function app.position_moves(p_account uuid) returns jsonb
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_worker

create function app.position_symbol(p_symbol text) returns text
  language sql immutable parallel safe;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_recorder, paddock_worker

create function app.quiet_ends(p_from time without time zone, p_until time without time zone, p_zone text, p_at timestamp with time zone) returns timestamp with time zone
  language plpgsql stable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.recompute_exercised(p_account uuid, p_symbol text, p_at timestamp with time zone) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.recompute_round_trips(p_account uuid, p_symbol text, p_at timestamp with time zone, p_id text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.recompute_scope_round_trips(p_account uuid, p_symbol text, p_scope text, p_value text, p_at timestamp with time zone, p_id text, p_most integer DEFAULT NULL::integer, OUT next_at timestamp with time zone, OUT next_id text) returns record
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.recompute_scopes(p_account uuid, p_symbol text, p_at timestamp with time zone, p_id text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.reconcile_order(p_account uuid, o jsonb, p_what text, p_sent_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_age interval DEFAULT NULL::interval, OUT before jsonb, OUT after jsonb) returns record
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.reconcile_positions(p_account uuid, p_positions jsonb, p_as_of timestamp with time zone, p_moves jsonb, p_before jsonb, p_after jsonb, OUT changed boolean, OUT unsettled text[]) returns record
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_recorder, paddock_worker

create function app.record_adjustments(p_account uuid, p_activities jsonb, p_later boolean DEFAULT false) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.record_agreement(p_account uuid, p_at timestamp with time zone, p_doubts bigint, p_max_age interval, p_newest timestamp with time zone) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.record_execution(p_account uuid, p_order uuid, p_event text, x jsonb, p_at timestamp with time zone) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.record_journal_gaps(p_account uuid) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.record_odd_items(p_account uuid, p_what text, p_items jsonb, p_read text[], p_whole boolean) returns TABLE(odd_id text, odd_why text)
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.record_order(p_account uuid, o jsonb, p_request_id text DEFAULT NULL::text, p_parent uuid DEFAULT NULL::uuid, p_takes_back boolean DEFAULT false, p_sent_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_age interval DEFAULT NULL::interval, OUT recorded app.alpaca_orders, OUT changed boolean) returns record
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_recorder, paddock_worker

create function app.record_overshoot(o app.alpaca_orders, p_more numeric) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_recorder, paddock_worker

create function app.record_positions(p_account uuid, p_positions jsonb, p_as_of timestamp with time zone, p_moves jsonb DEFAULT NULL::jsonb) returns boolean
  language sql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.record_refusal(p_account uuid, p_order uuid, p_state text, p_message text, p_code integer, p_request_id text, p_more jsonb DEFAULT NULL::jsonb) returns void
  language sql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_recorder, paddock_worker

create function app.record_wind_down_progress(p_account uuid, p_wind_down uuid, p_state text, p_message text, p_remaining jsonb) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.refuse_request(p_account uuid, p_key text, p_client_order_id text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.replace_fills(p_account uuid, p_order uuid, p_activities jsonb) returns boolean
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.require_cursor(p_account uuid, p_applied text) returns void
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.reserved_cash(p_account uuid, p_sleeve uuid) returns numeric
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_worker

-- The cursor with which a reader goes on after an event.
create function app.resume_cursor(p_seq bigint, p_at timestamp with time zone) returns text
  language sql immutable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.rfc3339(t timestamp with time zone) returns text
  language sql stable parallel safe;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_recorder, paddock_worker

create function app.settle_positions(p_account uuid, p_positions jsonb, p_at timestamp with time zone, p_moves jsonb, p_before jsonb, p_doubts bigint, p_max_age interval, p_newest timestamp with time zone, OUT unsettled text[]) returns text[]
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.sleeve_worth(p_account uuid, p_sleeve uuid, p_prices jsonb DEFAULT NULL::jsonb, OUT worth numeric, OUT unpriced text[]) returns record
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_worker

-- An account's sleeves as the API shows them, and what belongs to none.
create function app.sleeves_json(p_account uuid) returns jsonb
  language sql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

-- Another text whenever lists of orders, executions or round trips would show something else.
create function app.state_tag(p_account uuid) returns text
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app

create function app.summary_day(p_time time without time zone, p_zone text, p_since timestamp with time zone, p_at timestamp with time zone) returns date
  language plpgsql stable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_gate

create function app.take_uncounted(p_account uuid, p_symbol text, p_move numeric) returns numeric
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_recorder, paddock_worker

create function app.tightest(g app.account_guards, t app.account_guards) returns app.account_guards
  language plpgsql immutable parallel safe set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_app, paddock_gate

create function app.top_level_orders_matching(p_account uuid, p_after timestamp with time zone, p_until timestamp with time zone, p_symbols text[], p_side text, p_classes text[], p_open boolean) returns SETOF app.alpaca_orders
  language sql stable;  -- paddock_owner's; for paddock_app

create function app.try_reconcile_order(p_account uuid, p_order text, p_what text, p_sent_at timestamp with time zone, p_age interval, OUT before jsonb, OUT after jsonb, OUT refused text) returns record
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.unanswered_intent_count(p_account uuid, p_wind_down uuid) returns bigint
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.underlying(p_symbol text) returns text
  language sql immutable parallel safe;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_recorder, paddock_worker

create function app.update_fills_totals(p_account uuid, p_order uuid) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function app.violation(p_guard text, p_limit text, p_value text, p_message text) returns jsonb
  language sql immutable parallel safe;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_worker

create function app.wind_down_json(w app.wind_downs) returns jsonb
  language sql stable parallel safe;  -- paddock_owner's; for paddock_app, paddock_gate, paddock_worker

create function app.write_trading_position(t app.trading_positions) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's; for paddock_worker

create function jobs.river_job_state_in_bitmask(bitmask bit, state jobs.river_job_state) returns boolean
  language sql immutable;  -- paddock_owner's; for paddock_gate, paddock_worker

create function private.accept_job() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- The account that this transaction was admitted to, if it has the scope; null or an error otherwise.
create function private.account_id(need text DEFAULT ''::text) returns uuid
  language plpgsql stable parallel restricted security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app, paddock_recorder, paddock_worker

create function private.accounts_with_credentials() returns TABLE(account_id uuid, works boolean)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.add_event_partition(p_at timestamp with time zone) returns boolean
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_owner's

-- Admits this transaction as the user of a session, to an account of theirs or to none.
create function private.admit(p_token text, p_account uuid, p_origin text DEFAULT ''::text) returns text
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Admits this transaction as the user who asked for a job, for the time in which its ticket holds.
create function private.admit_job(p_account uuid, p_ticket bytea) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Admits this transaction as the worker of an account, if its instance holds the account's lease.
create function private.admit_worker(p_account uuid, p_holder uuid, p_fence bigint) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.announce_keyring(p_holder uuid, p_versions integer[], p_live interval) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.append_event(p_kind text, p_data jsonb, p_broker_event_id text DEFAULT NULL::text) returns bigint
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app, paddock_recorder, paddock_worker

create function private.apply_key_change() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.apply_standing_grants(p_account uuid, p_holder text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.approval_digest(a app.approvals) returns bytea
  language plpgsql immutable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.approval_names(p_account uuid, p_id uuid) returns jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.audit(p_account uuid, p_action text, p_detail jsonb DEFAULT '{}'::jsonb, p_user text DEFAULT ''::text, p_kind text DEFAULT NULL::text, p_actor text DEFAULT NULL::text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Writes into the admitted account's audit what is about to be asked of the broker.
create function private.audit_call(p_action text, p_detail jsonb DEFAULT '{}'::jsonb) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Writes into the audit what was done about a user's email address.
create function private.audit_email(p_action text, p_user text) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_auth

create function private.audit_import(p_account uuid, p_import uuid, p_what text, p_detail jsonb) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Writes into the audit that a password or a code was refused.
create function private.audit_refused_sign_in(p_action text, p_user text) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_auth

-- Notes a heartbeat of the admitted account, and of the API token that sends it.
create function private.beat() returns jsonb
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.begin_delivery(p_account uuid, p_destination uuid, p_holder uuid, p_ttl interval) returns TABLE(type text, address text, mail_to text, time_zone text, account_name text, environment text, key_version integer)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- Begins an import, or goes on with the one that is under way: paddock import run calls it.
create function private.begin_import(p_owner text, p_user jsonb, p_account_name text, p_environment text, p_source text, p_mapping jsonb, p_tables text[], OUT account_id uuid, OUT import_id uuid, OUT resumed boolean, OUT made_account boolean, OUT done boolean) returns record
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.begin_import_session(p_account uuid, p_import uuid, p_token text) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Begins the next job of a list, and returns the ticket for it.
create function private.begin_job(p_owner text, p_holder uuid, p_ttl interval) returns TABLE(what text, account_id uuid, kind text, job_id uuid, ticket bytea, wait interval)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.begin_repair(p_symbol text, p_qty numeric) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_recorder, paddock_worker

create function private.begin_token() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.block_order_json(p_id uuid) returns jsonb
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.block_part_json(p_account uuid, p_sleeve uuid, p_weight numeric, p_equity numeric, p_amount numeric, p_in_dollars boolean) returns jsonb
  language sql immutable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.book_round_trip() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.cancel_jobs(p_id uuid DEFAULT NULL::uuid) returns integer
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.cancel_stopped_jobs() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.cancel_waiting_jobs(p_account uuid) returns integer
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.change_destination(p_id uuid, p_webhook boolean, p_changes jsonb) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Gives a user who has a role on the admitted account another one, or until another time.
create function private.change_grant(p_user text, p_role text, p_expires_at timestamp with time zone, p_ends boolean) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.change_sleeve(p_id uuid, p_changes jsonb) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.changed_places(p_tokens text[], p_accounts uuid[], p_cursors bigint[], p_marks timestamp with time zone[]) returns TABLE(idx integer, access text)
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_memoize=off;  -- paddock_gate's; for paddock_worker

create function private.check_access(p_tokens text[], p_accounts uuid[], p_cursors bigint[], p_marks timestamp with time zone[]) returns TABLE(idx integer, access text, user_id text, until timestamp with time zone, place text, head bigint, mark timestamp with time zone)
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off;  -- paddock_gate's; for paddock_worker

create function private.check_agent_logs(p_ats timestamp with time zone[], p_orders uuid[]) returns void
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.check_block_total() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.check_destination(p_type text, p_zone text) returns void
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.check_job_order() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.check_master_key(p_key_version integer, p_check bytea, p_account uuid DEFAULT NULL::uuid, p_key text DEFAULT NULL::text, p_may_store boolean DEFAULT true, p_checks bytea[] DEFAULT '{}'::bytea[]) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- Makes sure, on a standby, that it has come as far as private.read_index said.
create function private.check_replica(p_run uuid, p_lsn pg_lsn, p_clock timestamp with time zone, p_wait interval) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.check_seal(strict boolean DEFAULT true) returns text
  language plpgsql stable parallel restricted;  -- paddock_gate's

create function private.claim_client_order_id() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.claim_leases(p_holder uuid, p_ttl interval, p_max integer) returns TABLE(account_id uuid, environment text, fence bigint, generation bigint, last_event_id text, stream_mode text, silent_since timestamp with time zone, surplus boolean)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_nestloop=off;  -- paddock_gate's; for paddock_worker

create function private.close_sleeve(p_id uuid) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- What the admitted account offers, how many follow it, and whom it follows.
create function private.copying_json() returns jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.count_agent_logs() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.count_alert() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.count_answer() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.count_history(p_bytes bigint) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.count_kept_answer() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.count_key_check(p_refused boolean) returns interval
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.count_order() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.count_refusal(p_account uuid, p_tokens uuid[]) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.count_sent_order() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.count_stored(p_what text, p_bytes bigint, p_refuse boolean, p_user text DEFAULT private.user_id()) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Makes an account and its owner's grant, for the admitted user.
create function private.create_account(p_name text, p_environment text) returns uuid
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.credentials_metadata() returns TABLE(kind text, key_last4 text, encryption_algorithm text, key_version integer, last_decrypted_at timestamp with time zone, rejected_at timestamp with time zone, created_at timestamp with time zone, updated_at timestamp with time zone)
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.credentials_to_rotate(p_version integer, p_after uuid, p_limit integer) returns TABLE(account_id uuid, key_version integer)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- This API token, and the accounts that it reaches.
create function private.current_token() returns jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.delete_account(p_open_orders text) returns jsonb
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.delete_credentials(p_open_orders text) returns jsonb
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Deletes the user of a session with the accounts that they own, unless orders of these are open.
create function private.delete_signed_in_user(p_token text, p_origin text) returns bigint
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_auth

-- Deletes a user with the accounts that they own: paddock user delete calls it.
create function private.delete_user(p_user text, p_open_orders text) returns jsonb
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Counts by which an operator sees whether the deployment works.
create function private.deployment_state(p_age interval) returns TABLE(instances bigint, accounts bigint, leased bigint, behind bigint, oldest_agreement timestamp with time zone, seal_key_made timestamp with time zone)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.destination_counts() returns TABLE(type text, working bigint, failing bigint, given_up bigint)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.destination_secrets_to_rotate(p_version integer, p_account uuid, p_destination uuid, p_limit integer) returns TABLE(account_id uuid, destination_id uuid, key_version integer)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- Turns a user's two-factor authentication off: paddock user two-factor-off calls it.
create function private.disable_two_factor(p_user text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Ends a user's sessions and refuses them new ones: paddock user disable calls it.
create function private.disable_user(p_user text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.doorbell_channel() returns text
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- Lets a disabled user sign in again: paddock user enable calls it.
create function private.enable_user(p_user text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.encrypt_outer(p_encrypted bytea, p_key text) returns bytea
  language sql volatile;  -- paddock_gate's

create function private.end_approval() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.end_block_part() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.end_copy() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.end_copy_offer() returns integer
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.end_delivery(p_account uuid, p_destination uuid, p_holder uuid, p_apart boolean, p_seq bigint, p_status integer, p_error text, p_wait interval, p_give_up interval) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- Takes a user's role on an account, which an owner does, or the user.
create function private.end_grant(p_account uuid, p_user text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.end_import_session(p_account uuid, p_import uuid, p_token text, p_moved_keys boolean) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.end_job(p_account uuid, p_id uuid, p_state text, p_status integer DEFAULT NULL::integer, p_answer jsonb DEFAULT NULL::jsonb) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Ends sessions of reporting logins that hold up everybody else, and returns them.
create function private.end_report_sessions(p_barred oid[], p_longest interval) returns TABLE(login oid, name text, pid integer, why text, ended boolean)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_watchdog's; for paddock_worker

-- Takes a role on all accounts at once, which their owner does, or the user who has it.
create function private.end_standing_grant(p_owner text, p_user text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.enter_account(p_account uuid) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.enter_follower(p_follow private.copy_follows, p_copy uuid) returns boolean
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Ends approvals of one account that nobody has given in time.
create function private.expire_approvals() returns integer
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- The block order that whoever is admitted has made under a key.
create function private.find_block_order(p_key text, p_hash bytea) returns jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.finish_import(p_account uuid, p_import uuid) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.finish_job(p_account uuid, p_kind text, p_job uuid, p_holder uuid, p_state text, p_status integer, p_answer jsonb) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- Consents, by a code and an API token, to copying a leader's orders on the admitted account.
create function private.follow(p_id uuid, p_digest bytea, p_token uuid, p_ratio numeric) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.forget_instances() returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_bitmapscan=off;  -- paddock_gate's

create function private.forget_tokens() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Gives the user of an email address a role on the admitted account.
create function private.give_grant(p_email text, p_role text, p_expires_at timestamp with time zone) returns text
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.give_sign(p_holder uuid, p_ttl interval, p_max integer) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_bitmapscan=off;  -- paddock_gate's

-- Gives the user of an email address a role on all accounts of the admitted user, also those to come.
create function private.give_standing_grant(p_email text, p_role text, p_expires_at timestamp with time zone) returns text
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Records that the admitted user approves, or refuses, what waits for it.
create function private.give_word(p_id uuid, p_digest bytea, p_word text, p_move numeric, p_note text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Lets a reporting login read an account: paddock report create and grant call it.
create function private.grant_report(p_role name, p_account uuid, p_email text DEFAULT NULL::text) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.has_approval(a app.approvals, p_needed integer, p_four_eyes boolean) returns boolean
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Whether this transaction has the scope on the account that it was admitted to.
create function private.has_scope(need text) returns boolean
  language plpgsql stable parallel restricted security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app, paddock_worker

create function private.has_stepped_up() returns boolean
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.has_working_keys() returns boolean
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.hold_key_version() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.import_checksum(p_account uuid, p_import uuid, p_table text, p_columns text[], OUT rows bigint, OUT checksum numeric) returns record
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.import_log_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
  language sql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.import_order_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
  language sql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.import_position_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
  language sql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.import_progress(p_account uuid, p_import uuid) returns TABLE(name text, "position" text, taken bigint, refused bigint, ended boolean)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.import_refused(p_account uuid, p_import uuid, p_table text, p_after bigint, p_limit integer) returns TABLE(number bigint, key text, reason text)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.import_rows(p_account uuid, p_import uuid, p_table text, p_after text, p_rows jsonb, p_refused jsonb, p_position text, p_ended boolean) returns TABLE(key text, reason text)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.import_sign_in_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
  language sql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.import_trip_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
  language sql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.import_users_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
  language sql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.is_claimed(p_account uuid, p_kind text, p_job uuid, p_holder uuid) returns boolean
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.is_live(p_holder uuid) returns boolean
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_bitmapscan=off;  -- paddock_gate's

create function private.is_operator() returns boolean
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.is_sign_in_login() returns boolean
  language sql stable;  -- paddock_gate's

create function private.job_counts() returns TABLE(kind text, waiting bigint, running bigint, waited double precision)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.job_id() returns uuid
  language plpgsql stable parallel restricted set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.keep_balance() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.keep_disabled_tokens() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Lets a session take the place of a living one of the same user in the transaction.
create function private.keep_second_factor(p_token text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_auth

create function private.keep_token_accounts() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.lease_share(p_wanted bigint, p_most integer) returns integer
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.leave_ownership(p_account uuid, p_user text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.let_more_through(p_before app.account_guards, p_after app.account_guards) returns boolean
  language sql immutable;  -- paddock_gate's

-- The admitted user's block orders, newest first.
create function private.list_block_orders(p_before timestamp with time zone, p_before_id uuid, p_most integer) returns TABLE(id uuid, made_at timestamp with time zone, rest jsonb)
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Who has which role on the admitted account.
create function private.list_grants(p_user text DEFAULT NULL::text) returns SETOF jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.list_imports(p_import uuid DEFAULT NULL::uuid) returns TABLE(account_id uuid, id uuid, account text, environment text, owner text, source text, state text, moved_keys boolean, started_at timestamp with time zone, ended_at timestamp with time zone, taken bigint, refused bigint)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- The invitations to the admitted account, or to all accounts of the admitted user.
create function private.list_invitations(p_id uuid DEFAULT NULL::uuid) returns SETOF jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- The admitted account's orders that were copied, with how the copies went together.
create function private.list_led_orders(p_before timestamp with time zone, p_before_id uuid, p_most integer) returns TABLE(led_at timestamp with time zone, id uuid, symbol text, side text, price numeric, copies bigint, sent bigint, filled bigint, skipped bigint, lag_ms numeric, copies_price numeric)
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- The roles that the admitted user has, and those given on all accounts of theirs.
create function private.list_own_grants() returns jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- The API tokens of the admitted user.
create function private.list_tokens(p_id uuid DEFAULT NULL::uuid) returns SETOF jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- All users, for paddock user list.
create function private.list_users() returns TABLE(id text, email text, name text, created_at timestamp with time zone, sessions bigint, accounts bigint, disabled_since timestamp with time zone)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.live_instances() returns TABLE(holder uuid, most integer)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.live_keyrings() returns TABLE(versions integer[], instances bigint)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.lock_accounts(p_accounts uuid[]) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.lock_event_log(p_leases boolean DEFAULT false, p_rings boolean DEFAULT false) returns bigint
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app, paddock_worker

create function private.lock_import(p_account uuid, p_import uuid, p_state text) returns private.imports
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.lock_sharing(p_account uuid) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Keeps other sign-ups waiting until this transaction ends.
create function private.lock_sign_ups() returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_auth

create function private.log_timeline() returns text
  language sql stable parallel restricted;  -- paddock_gate's

create function private.look_again(p_owner text, p_after interval) returns void
  language sql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- What an invitation is for.
create function private.look_at_invitation(p_digest bytea) returns jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Makes the partitions of agents' logs and drops those that are no longer kept.
create function private.maintain_agent_log_partitions() returns TABLE(made integer, dropped integer)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set lock_timeout=200ms;  -- paddock_owner's; for paddock_worker

-- Makes the audit's partitions of the months to come and drops those that are no longer kept.
create function private.maintain_audit_partitions() returns TABLE(made integer, dropped integer)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set lock_timeout=200ms;  -- paddock_owner's; for paddock_worker

-- Makes the event log's partitions of the months to come and drops those that are no longer kept.
create function private.maintain_event_partitions() returns TABLE(made integer, dropped integer)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set lock_timeout=200ms;  -- paddock_owner's; for paddock_worker

-- Makes a new key of the seal if the current one is an hour old, or if there is none.
create function private.maintain_seal_key() returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner, paddock_worker

create function private.make_approval(a app.approvals) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Divides an order among several accounts of the admitted user, and asks for one order on each.
create function private.make_block_order(p_key text, p_hash bytea, p_request jsonb) returns jsonb
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Asks for the next copy of a leader's order on its follower's account.
create function private.make_copy(p_leader uuid) returns text
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- Offers that the admitted account's orders are copied by who has the code.
create function private.make_copy_offer(p_id uuid, p_name text, p_digest bytea) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.make_destination(p_id uuid, p_set jsonb, p_key text, p_key_version integer, p_master_check bytea, p_encrypted bytea) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Makes a link with which somebody takes a role.
create function private.make_grant_invitation(p_id uuid, p_digest bytea, p_email text, p_role text, p_grant_expires_at timestamp with time zone, p_expires_at timestamp with time zone) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Keeps the digest of a token with which somebody may sign up.
create function private.make_invitation(p_email text, p_identifier text, p_expires timestamp with time zone) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Keeps the digest of a token with which a user may set a new password.
create function private.make_reset_token(p_email text, p_identifier text, p_expires timestamp with time zone) returns text
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_auth, paddock_owner

create function private.make_sleeve(p_id uuid, p_sleeve jsonb) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Makes an API token of the admitted user.
create function private.make_token(p_id uuid, p_name text, p_digest bytea, p_hint text, p_scopes text[], p_accounts uuid[], p_paper_only boolean, p_expires_at timestamp with time zone, p_life interval, p_limits jsonb, p_sleeves uuid[]) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.mark_credentials_rejected(p_generation bigint) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app, paddock_worker

create function private.mark_expired_events() returns integer
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.master_key_versions(p_versions integer[] DEFAULT '{}'::integer[], p_checks bytea[] DEFAULT '{}'::bytea[]) returns TABLE(key_version integer, accounts bigint, unchecked_account uuid, stores boolean, retired_at timestamp with time zone, matches boolean)
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.may_approve(p_account uuid, p_user text) returns boolean
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.move_cash(p_id uuid, p_from uuid, p_to uuid, p_amount numeric, p_note text, p_key text) returns app.sleeve_transfers
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.note_change() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.note_led_order() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.note_loss() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.note_outages(p_after interval, p_most integer) returns integer
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.note_position() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Gives the run of this primary an id, if it has none yet.
create function private.note_primary() returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.note_second_factor(p_user text, p_step bigint DEFAULT NULL::bigint) returns boolean
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.note_stream_change() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Notes when API tokens were last used.
create function private.note_token_uses(p_digests bytea[], p_at timestamp with time zone[]) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.note_use(p_account uuid, p_limit text, p_used numeric, p_most numeric, p_sleeve uuid DEFAULT NULL::uuid, p_symbol text DEFAULT NULL::text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.notify_events(p_accounts uuid[] DEFAULT NULL::uuid[]) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.open_credentials_to_rotate(p_accounts uuid[], p_versions integer[], p_keys text[]) returns TABLE(account_id uuid, encrypted bytea)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.open_destination_secrets_to_rotate(p_accounts uuid[], p_destinations uuid[], p_versions integer[], p_keys text[]) returns TABLE(account_id uuid, destination_id uuid, encrypted bytea)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.open_invitation(p_digest bytea) returns private.invitations
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.orders_blocking_deletion(p_account uuid, p_open_orders text) returns jsonb
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.origin() returns text[]
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.partitions(p_log regclass) returns TABLE(relname name, ends_at timestamp with time zone)
  language sql stable set search_path=pg_catalog, pg_temp;  -- paddock_owner's

create function private.pass_account(p_account uuid, p_to text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- All accounts that the admitted user may read, with what each is worth and holds.
create function private.portfolio() returns jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.postpone_job(p_account uuid, p_kind text, p_job uuid, p_holder uuid, p_wait interval) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- How a block order would be divided now.
create function private.preview_block_order(p_request jsonb) returns jsonb
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.propose_change(p_id uuid, p_kind text, p_change jsonb) returns uuid
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Lets a job of an order that needs a person's word wait for it.
create function private.propose_order(p_id uuid, p_need jsonb, p_prices jsonb) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Deletes sessions and tokens of sign-in that ended more than a day ago, and counts of limits that are over.
create function private.purge_expired(p_most integer) returns TABLE(kind text, deleted integer)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set lock_timeout=200ms;  -- paddock_gate's; for paddock_worker

create function private.put_grant(p_account uuid, p_user text, p_role text, p_expires_at timestamp with time zone, p_by text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.put_standing_grant(p_owner text, p_user text, p_role text, p_expires_at timestamp with time zone) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.raise_high_water_mark() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.raise_sleeve_marks() returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_recorder, paddock_worker

-- The accounts that this API token reaches; null without one.
create function private.reach() returns uuid[]
  language plpgsql stable parallel restricted security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- One of the admitted user's block orders, with what became of each part.
create function private.read_block_order(p_id uuid) returns jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.read_credentials(p_versions integer[], p_keys text[]) returns TABLE(environment text, kind text, key_version integer, encrypted bytea, generation bigint, rejected boolean, owner text)
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app, paddock_worker

create function private.read_delivery(p_account uuid, p_destination uuid, p_holder uuid, p_key text, p_most integer, p_at timestamp with time zone DEFAULT clock_timestamp()) returns TABLE(secret bytea, apart boolean, seq bigint, kind text, at timestamp with time zone, data jsonb)
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.read_events(p_tokens text[], p_accounts uuid[], p_cursors bigint[], p_marks timestamp with time zone[], p_max integer, p_bytes integer) returns TABLE(idx integer[], access text, seq bigint, kind text, at timestamp with time zone, data text)
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_memoize=off;  -- paddock_gate's; for paddock_worker

-- How far this primary has come: what a standby must have for a read that is asked for now.
create function private.read_index(OUT run uuid, OUT lsn pg_lsn, OUT clock timestamp with time zone, OUT finished bigint) returns record
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.record_account_change() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Records an order of the admitted account as the broker described it in an answer.
create function private.record_answer(p_versions integer[], p_keys text[], p_order jsonb, p_request_id text) returns jsonb
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_recorder's; for paddock_app

-- Records what the admitted account is worth by the broker.
create function private.record_balance(p_versions integer[], p_keys text[], p_equity numeric, p_last_equity numeric, p_cash numeric, p_age interval) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_recorder's; for paddock_app

create function private.record_destination_change() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Records whether the broker took an exercise of the admitted account.
create function private.record_exercise(p_versions integer[], p_keys text[], p_exercise uuid, p_state text) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_recorder's; for paddock_app

create function private.record_grant_change() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.record_known_orders(p_versions integer[], p_keys text[], p_orders jsonb) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_recorder's; for paddock_app

-- Records that an order of the admitted account was certainly not placed.
create function private.record_not_placed(p_versions integer[], p_keys text[], p_order uuid, p_state text, p_message text, p_code integer, p_request_id text, p_more jsonb) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_recorder's; for paddock_app

create function private.record_order_change() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Records the positions of the admitted account as the broker listed them.
create function private.record_position_list(p_versions integer[], p_keys text[], p_positions jsonb, p_as_of timestamp with time zone, p_moves jsonb) returns text[]
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_recorder's; for paddock_app

-- Writes into the audit that a reporting login is connected.
create function private.record_report_session(p_login oid, p_address text, p_program text, p_began timestamp with time zone) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.record_user_change() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.refuse_disabled_user() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.refuse_waiting_job() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.release_leases(p_holder uuid, p_accounts uuid[]) returns void
  language sql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.renew_job_claims(p_holder uuid, p_ttl interval) returns void
  language sql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.renew_leases(p_holder uuid, p_ttl interval, p_max integer, OUT mark text, OUT unresolved uuid[], OUT syncing uuid[], OUT syncs bigint[], OUT winding_down uuid[], OUT importing uuid[]) returns record
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off;  -- paddock_gate's; for paddock_worker

-- Makes a new key of the seal at once and keeps the one before it. An operator may call it.
create function private.renew_seal_key() returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- The accounts that the login of this session may report on: none once the login has ended.
create function private.report_accounts() returns uuid[]
  language plpgsql stable parallel restricted security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner, paddock_report

create function private.require_account(p_what text, p_scope text, p_or text DEFAULT NULL::text) returns uuid
  language plpgsql stable parallel restricted set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.require_approval(p_kind text, p_change jsonb) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.require_block_accounts(p_request jsonb) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.require_keys(p_versions integer[], p_keys text[]) returns uuid
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_recorder

create function private.require_second_factor() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Refuses a live account's request whose session has not shown its password or a code lately.
create function private.require_step_up() returns void
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Lets the high-water mark of the admitted account begin anew.
create function private.reset_high_water_mark() returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.reset_sleeve_mark(p_id uuid) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Lets an API token go on that refusals in a row have stopped.
create function private.reset_token(p_id uuid) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.retire_master_key(p_version integer, p_check bytea) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- Takes an invitation back.
create function private.revoke_invitation(p_id uuid) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Takes an account from a reporting login, or all: paddock report revoke and drop call it.
create function private.revoke_report(p_role name, p_account uuid DEFAULT NULL::uuid) returns integer
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

-- Revokes an API token and all that were made of it.
create function private.revoke_token(p_id uuid) returns uuid[]
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.ring_for_others() returns trigger
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.rotate_credentials(p_accounts uuid[], p_versions integer[], p_keys text[], p_was bytea[], p_to integer, p_to_check bytea, p_to_keys text[], p_encrypted bytea[]) returns SETOF uuid
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.rotate_destination_secrets(p_accounts uuid[], p_destinations uuid[], p_versions integer[], p_keys text[], p_was bytea[], p_to integer, p_to_check bytea, p_to_keys text[], p_encrypted bytea[]) returns integer
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

-- The version that the database was migrated to.
create function private.schema_version() returns integer
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.scopes_for_role(role text, is_active boolean) returns text
  language sql immutable parallel safe;  -- paddock_gate's

create function private.seal_mac(inner_pad bytea, outer_pad bytea, door text, account text, who text, origin text) returns bytea
  language sql stable parallel restricted;  -- paddock_gate's

create function private.seal_transaction(p_door text, p_account text, p_user text, p_origin text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- The sessions of reporting logins that there are now.
create function private.seen_report_sessions() returns TABLE(login oid, address text, program text, began timestamp with time zone)
  language sql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_watchdog's; for paddock_worker

create function private.session_sign_in(p_token text) returns TABLE(id text, user_id text, expires_at timestamp with time zone, scopes text[], reaches boolean)
  language sql stable parallel restricted;  -- paddock_gate's

create function private.set_guards(p_limits jsonb) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.set_storing_key_version(p_version integer, p_check bytea, p_checks bytea[]) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.set_switch(p_switch text, p_reason text, p_cancel boolean DEFAULT false, p_liquidate boolean DEFAULT false, p_suspend boolean DEFAULT NULL::boolean, p_key text DEFAULT NULL::text, p_hash bytea DEFAULT NULL::bytea) returns uuid
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Writes into copies how the leader's orders were filled.
create function private.settle_copies(p_leader uuid) returns integer
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.sign_in(p_token text, p_account uuid) returns TABLE(id text, user_id text, expires_at timestamp with time zone, scopes text[], reaches boolean)
  language sql stable parallel restricted;  -- paddock_gate's

create function private.sign_in_holds(p_id text, p_user text) returns boolean
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.split_block_order(p_request jsonb) returns TABLE(place bigint, account_id uuid, sleeve_id uuid, weight numeric, equity numeric, unit numeric, amount numeric)
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Notes that a session has shown its password or a code.
create function private.step_up(p_token text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_auth

-- Until when what a session has shown suffices for what needs a step-up.
create function private.stepped_up_until(p_token text) returns timestamp with time zone
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_auth

create function private.store_credentials(p_key text, p_key_version integer, p_master_check bytea, p_kind text, p_encrypted bytea, p_last4 text, p_alpaca_account_id uuid, p_alpaca_account_number text) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.storing_key_version() returns integer
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.streams_behind() returns SETOF uuid
  language sql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.summary_json(p_account uuid, p_from timestamp with time zone, p_until timestamp with time zone, p_after bigint) returns jsonb
  language plpgsql stable set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Gives the admitted user the role of an invitation, once.
create function private.take_invitation(p_digest bytea) returns jsonb
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- The API token by which this transaction was admitted, if it was by one.
create function private.token_id() returns uuid
  language plpgsql stable parallel restricted security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- The limits of the API token of this admission, with those of the tokens of which it was made.
create function private.token_limits() returns app.account_guards
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- How many orders each of these tokens may send.
create function private.token_paces(p_account uuid) returns TABLE(token_id uuid, orders_per_minute integer, orders_per_day integer, sent_today bigint)
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- That API token, and before it those of which it was made.
create function private.token_path() returns uuid[]
  language plpgsql stable parallel restricted security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app, paddock_worker

create function private.token_scopes_for_role(role text, is_active boolean, p_scopes text[]) returns text
  language sql stable parallel safe;  -- paddock_gate's

create function private.token_sign_in(p_token text, p_account uuid) returns TABLE(id text, user_id text, expires_at timestamp with time zone, scopes text[], reaches boolean, is_active boolean)
  language sql stable parallel restricted;  -- paddock_gate's

-- The sleeve in which the API token of this admission trades on its account.
create function private.token_sleeve() returns uuid
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app, paddock_worker

-- Which of these tokens lack their heartbeat, or were stopped by refusals in a row.
create function private.token_stops(p_account uuid) returns jsonb
  language plpgsql stable security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Hands the ownership of the admitted account to a user who has a role there.
create function private.transfer_account(p_user text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.turn_destination_off(p_account uuid, p_id uuid, p_reason text) returns void
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Takes away what an import brought, a batch at a time: paddock import undo calls it.
create function private.undo_import(p_account uuid, p_import uuid, p_limit integer) returns jsonb
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.unfollow(p_id uuid) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

create function private.usable_grants() returns TABLE(account_id uuid, user_id text, role text, expires_at timestamp with time zone, created_at timestamp with time zone)
  language sql stable parallel safe;  -- paddock_gate's

create function private.use_approval(o app.alpaca_orders, p_need jsonb) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app

-- Uses up a backup code: a session may begin in the transaction.
create function private.use_backup_code(p_user text, p_before text, p_after text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_auth

-- Uses up a TOTP code: it works once, and a session may begin in the transaction.
create function private.use_time_step(p_user text, p_step bigint) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_auth

-- Uses up the mark of a trusted device: a session may begin in the transaction.
create function private.use_trusted_device(p_user text, p_identifier text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_auth

-- The user that this transaction was admitted as.
create function private.user_id() returns text
  language plpgsql stable parallel restricted security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_app, paddock_worker

create function private.user_to_share_with(p_email text) returns text
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

-- Marks a user's email address as verified: paddock user verify calls it.
create function private.verify_user(p_user text) returns boolean
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_owner

create function private.wake_copies(p_leader uuid) returns void
  language sql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.wake_destinations() returns integer
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.wake_due_copies() returns integer
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.wake_jobs(p_owner text, p_after interval DEFAULT '00:00:00'::interval) returns void
  language sql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.wake_waiting_jobs() returns integer
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker

create function private.wider_than(p_parent private.api_tokens, p_child private.api_tokens, p_parent_accounts uuid[], p_child_accounts uuid[]) returns text
  language sql immutable parallel safe;  -- paddock_gate's

create function private.wind_down_late_order(p_order uuid) returns void
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_recorder, paddock_worker

create function private.write_event(p_account uuid, p_kind text, p_data jsonb, p_broker_event_id text DEFAULT NULL::text) returns bigint
  language plpgsql volatile set search_path=pg_catalog, pg_temp;  -- paddock_gate's

create function private.write_summary(p_at timestamp with time zone DEFAULT clock_timestamp()) returns uuid
  language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;  -- paddock_gate's; for paddock_worker
