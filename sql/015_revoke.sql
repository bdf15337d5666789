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

---- create above / drop below ----

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
