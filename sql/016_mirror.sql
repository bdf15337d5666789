-- The mirror counts each fill once, whatever told of it, and says when it is not
-- to be trusted; an order is an intent's only where it is what was sent.

set local role paddock_owner;

alter table app.stream_cursors
  -- Doubts that were cast on the mirror, and how many there were when the look
  -- at the broker began that agreed last.
  add column doubts bigint not null default 0,
  add column doubts_settled bigint not null default 0,
  -- How old an agreement may be where no stream has told everything since.
  add column max_age interval not null default '1 minute' check (max_age > '0');
create policy app_doubts on app.stream_cursors for update to paddock_app
  using (account_id = (select private.account_id('read')))
  with check (account_id = (select private.account_id('read')));
grant update (doubts) on app.stream_cursors to paddock_app;
create policy gate_doubts on app.stream_cursors for update to paddock_gate using (true) with check (true);
grant update (doubts) on app.stream_cursors to paddock_gate;

alter table app.alpaca_positions
  drop column known_until,
  add column moves bigint not null default 0,            -- how often it was moved or set
  add column counted_until timestamptz,                  -- the broker's time of the newest description that moved it
  add column read_alone boolean not null default false;  -- it was set by a list that was read without the orders around it
alter table app.alpaca_positions alter column moves set statistics 0, alter column counted_until set statistics 0, alter column read_alone set statistics 0;
grant update (moves, counted_until, read_alone) on app.alpaca_positions to paddock_app, paddock_worker;

-- A bust or a correction has lowered what was filled.
alter table app.alpaca_orders add column taken_back boolean not null default false;
grant update (taken_back) on app.alpaca_orders to paddock_app, paddock_worker;

drop function app.record_positions(uuid, jsonb, timestamptz);
drop function app.record_order(uuid, jsonb, text, uuid, boolean);
drop function app.reconcile_order(uuid, jsonb, text);
{{ template "func/is_fresh.sql" . }}
{{ template "func/mirror_is_current.sql" . }}
{{ template "func/doubt_mirror.sql" . }}
{{ template "func/move_position.sql" . }}
{{ template "func/position_moves.sql" . }}
{{ template "func/settle_positions.sql" . }}
{{ template "func/record_positions.sql" . }}
{{ template "func/is_as_sent.sql" . }}
{{ template "func/record_order.sql" . }}
{{ template "func/apply_trade_update.sql" . }}
{{ template "func/reconcile_order.sql" . }}
{{ template "func/orders_as_told.sql" . }}
grant execute on function app.mirror_is_current(uuid), app.doubt_mirror(uuid), app.position_moves(uuid),
  app.settle_positions(uuid, jsonb, timestamptz, jsonb, jsonb, jsonb), app.record_positions(uuid, jsonb, timestamptz, jsonb),
  app.is_as_sent(app.alpaca_orders, jsonb), app.record_order(uuid, jsonb, text, uuid, boolean, timestamptz, interval) to paddock_app, paddock_worker;
grant execute on function app.reconcile_order(uuid, jsonb, text, timestamptz, interval) to paddock_worker;
grant execute on function app.is_fresh(timestamptz, timestamptz, interval) to paddock_worker;

-- An Alpaca account may be connected by several, who share its client_order_ids.
grant select (request_hash) on app.alpaca_orders to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/keys_changed.sql" . }}
{{ template "func/claim_order_name.sql" . }}
grant execute on function private.keys_changed(), private.claim_order_name() to paddock_owner;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
create trigger doubt_mirror after insert or update of generation, rejected_at or delete on private.user_credentials
  for each row execute function private.keys_changed();
create trigger claim_name before insert on app.alpaca_orders
  for each row when (new.intent_state = 'submitting' and new.request_hash is not null) execute function private.claim_order_name();
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger claim_name on app.alpaca_orders;
drop trigger doubt_mirror on private.user_credentials;
revoke select (request_hash) on app.alpaca_orders from paddock_gate;
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.claim_order_name();
drop function private.keys_changed();
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
alter table app.alpaca_positions add column known_until timestamptz;
grant update (known_until) on app.alpaca_positions to paddock_app, paddock_worker;
drop function app.record_order(uuid, jsonb, text, uuid, boolean, timestamptz, interval);
drop function app.reconcile_order(uuid, jsonb, text, timestamptz, interval);
{{ template "func/old/orders_as_told_2.sql" . }}
drop function app.is_as_sent(app.alpaca_orders, jsonb);
drop function app.record_positions(uuid, jsonb, timestamptz, jsonb);
drop function app.settle_positions(uuid, jsonb, timestamptz, jsonb, jsonb, jsonb);
drop function app.position_moves(uuid);
{{ template "func/old/reconcile_order_1.sql" . }}
{{ template "func/old/apply_trade_update_3.sql" . }}
{{ template "func/old/record_order_2.sql" . }}
{{ template "func/old/record_positions_4.sql" . }}
{{ template "func/old/move_position_2.sql" . }}
{{ template "func/old/is_fresh_1.sql" . }}
grant execute on function app.record_order(uuid, jsonb, text, uuid, boolean),
  app.record_positions(uuid, jsonb, timestamptz) to paddock_app, paddock_worker;
grant execute on function app.reconcile_order(uuid, jsonb, text) to paddock_worker;
drop function app.doubt_mirror(uuid);
drop function app.mirror_is_current(uuid);
revoke execute on function app.is_fresh(timestamptz, timestamptz, interval) from paddock_worker;
alter table app.alpaca_orders drop column taken_back;
alter table app.alpaca_positions drop column moves, drop column counted_until, drop column read_alone;
drop policy app_doubts on app.stream_cursors;
drop policy gate_doubts on app.stream_cursors;
revoke update (doubts) on app.stream_cursors from paddock_app, paddock_gate;
alter table app.stream_cursors drop column doubts, drop column doubts_settled, drop column max_age;
reset role;
