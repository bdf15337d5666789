-- How far each user has read what happened on an account. The history that they read is
-- the account's event log, of which they ask for some topics.

set local role paddock_owner;

-- For GET /api/events/history.
grant execute on function app.event_topic to paddock_app;

create table app.read_marks (
  account_id uuid not null,
  user_id text not null,
  seq bigint not null check (seq >= 0),  -- the newest event that they have read
  primary key (account_id, user_id),
  foreign key (account_id, user_id) references app.account_grants (account_id, user_id) on delete cascade
);
comment on table app.read_marks is 'Up to which event each user has read what happened on an account.';
alter table app.read_marks enable row level security, force row level security,
  alter column account_id set statistics 0, alter column user_id set statistics 0, alter column seq set statistics 0;
-- A person's own alone: an API token, which is a program's, neither sees nor moves them (private.mark_read).
create policy app_reads on app.read_marks for select to paddock_app
  using (account_id = (select private.account_id('read')) and user_id = (select private.user_id()) and (select private.token_id()) is null);
grant select on app.read_marks to paddock_app;
create policy gate_all on app.read_marks to paddock_gate using (true) with check (true);
grant select, insert (account_id, user_id, seq), update (seq) on app.read_marks to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/020/mark_read.sql" . }}
grant execute on function private.mark_read to paddock_app;
comment on function private.mark_read is 'Records up to which event the admitted user has read what happened on the account.';
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

set local role paddock_gate;
drop function private.mark_read;
reset role;
set local role paddock_owner;
drop table app.read_marks;
revoke execute on function app.event_topic from paddock_app;
reset role;
