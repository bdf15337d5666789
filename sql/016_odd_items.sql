-- Items of the broker's that are not in its documented form are kept as they
-- came, and take no others with them; and why a reconciliation failed.

set local role paddock_owner;

create table app.odd_items (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  what text not null check (what in ('order', 'position', 'activity', 'update')),
  -- The broker's id, or a position's symbol; md5: and a digest where it has none.
  item_id text not null check (char_length(item_id) between 1 and 200),
  why text not null check (char_length(why) <= 2000),  -- which fields, and what they hold instead
  said text not null,                                  -- the item as it came
  unread boolean not null,                             -- nothing of it could be used
  -- It is an order that may still be filled, or a position, and how much of what
  -- cannot be told.
  uncounted boolean not null,
  first_at timestamptz not null default clock_timestamp(),
  last_at timestamptz not null default clock_timestamp(),
  primary key (account_id, what, item_id)
);
alter table app.odd_items
  alter column account_id set statistics 0, alter column item_id set statistics 0, alter column why set statistics 0, alter column said set statistics 0;
alter table app.odd_items enable row level security, force row level security;
create policy app_reads on app.odd_items for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_all on app.odd_items to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select on app.odd_items to paddock_app;
grant select, delete, insert (account_id, what, item_id, why, said, unread, uncounted), update (why, said, unread, uncounted, last_at)
  on app.odd_items to paddock_worker;

alter table app.stream_cursors
  add column sync_error text check (char_length(sync_error) <= 500),  -- why the last reconciliation failed; null when it did not
  add column sync_error_at timestamptz,
  -- When the newest order was submitted that has been listed, by the broker's
  -- clock: from there on the next reconciliation lists.
  add column newest_order_at timestamptz,
  add check ((sync_error is null) = (sync_error_at is null));

{{ template "func/note_odd_items.sql" . }}
{{ template "func/uncounted.sql" . }}
{{ template "func/take_order.sql" . }}
{{ template "func/read_position.sql" . }}
{{ template "func/old/record_positions_4.sql" . }}
{{ template "func/order_verdict.sql" . }}
grant execute on function app.note_odd_items(uuid, text, jsonb, text[], boolean), app.take_order(uuid, text, text) to paddock_worker;
grant execute on function app.uncounted(uuid), app.read_position(uuid, jsonb, timestamptz) to paddock_app, paddock_worker;

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop function app.order_verdict(app.alpaca_orders);
{{ template "func/old/order_verdict_1.sql" . }}
grant execute on function app.order_verdict(app.alpaca_orders) to paddock_app;
{{ template "func/old/record_positions_3.sql" . }}
drop function app.read_position(uuid, jsonb, timestamptz);
drop function app.take_order(uuid, text, text);
drop function app.uncounted(uuid);
drop function app.note_odd_items(uuid, text, jsonb, text[], boolean);
alter table app.stream_cursors drop column sync_error, drop column sync_error_at, drop column newest_order_at;
drop table app.odd_items;
reset role;
