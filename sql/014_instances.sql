-- Who shares the accounts' streams out: each live instance holds its share.

set local role paddock_owner;

create table private.stream_instances (
  holder uuid primary key,
  live_until timestamptz not null,          -- unless it says so again
  most integer not null check (most >= 0)   -- accounts that it can hold
);
alter table private.stream_instances enable row level security, force row level security;
create policy gate_all on private.stream_instances to paddock_gate using (true) with check (true);
grant select, insert, update (live_until, most), delete on private.stream_instances to paddock_gate;

-- Each lease is renewed every few seconds: there is to be room for its next
-- version beside it.
alter table app.stream_leases set (fillfactor = 50);

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.claim_leases(uuid, interval, integer);
drop function private.release_leases(uuid);
{{ template "func/lease_share.sql" . }}
{{ template "func/claim_leases.sql" . }}
{{ template "func/release_leases.sql" . }}
grant execute on function private.claim_leases(uuid, interval, integer) to paddock_worker;
grant execute on function private.release_leases(uuid, uuid[]) to paddock_worker;
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.release_leases(uuid, uuid[]);
drop function private.claim_leases(uuid, interval, integer);
drop function private.lease_share(bigint);
{{ template "func/old/claim_leases_2.sql" . }}
{{ template "func/old/release_leases_1.sql" . }}
grant execute on function private.claim_leases(uuid, interval, integer) to paddock_worker;
grant execute on function private.release_leases(uuid) to paddock_worker;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
alter table app.stream_leases reset (fillfactor);
drop table private.stream_instances;
reset role;
