-- Messages with which an owner finds out whether a webhook or a notice works.

set local role paddock_owner;

-- How many each user has had sent, in the hour that began then: nobody floods anybody with them.
create table private.test_messages (
  user_id text primary key references auth."user" (id) on delete cascade,
  since timestamptz not null default clock_timestamp(),
  sent integer not null
);
comment on table private.test_messages is 'How many test messages each user has had sent lately.';
alter table private.test_messages enable row level security, force row level security;
create policy gate_all on private.test_messages to paddock_gate using (true) with check (true);
grant select, insert, update (since, sent) on private.test_messages to paddock_gate;
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/021/test_destination.sql" . }}
grant execute on function private.test_destination to paddock_app;
comment on function private.test_destination is 'Has a test message sent to a webhook or by a notice.';
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

set local role paddock_gate;
drop function private.test_destination;
reset role;
set local role paddock_owner;
drop table private.test_messages;
reset role;
