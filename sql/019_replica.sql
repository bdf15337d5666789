-- Reads on a standby. What a request reads there must be no older than the request
-- itself. So the primary is asked how far its log has come (private.read_index), and
-- the standby whether it has come as far (private.check_replica), before the request
-- is admitted there as it would be on the primary.

set local role paddock_owner;

-- A position in the log says something only within one history of the log. A new
-- history begins when a standby is promoted and when a server is started from an
-- older copy of itself. So each run of the primary has a random id, which only
-- standbys that follow this very run can have.
create table private.primary_run (
  is_only boolean primary key default true check (is_only),
  run uuid not null,
  timeline text not null,  -- of the log, as in the names of its files
  started_at timestamptz not null  -- when the server was started
);
comment on table private.primary_run is 'The run of the primary server that writes now, by which a standby of another history is known.';
alter table private.primary_run enable row level security, force row level security;
create policy gate_all on private.primary_run to paddock_gate using (true) with check (true);
grant select, insert, update (run, timeline, started_at) on private.primary_run to paddock_gate;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/019/log_timeline.sql" . }}
{{ template "func/019/note_primary.sql" . }}
{{ template "func/019/read_index.sql" . }}
{{ template "func/019/check_replica.sql" . }}
grant execute on function private.note_primary to paddock_worker;
grant execute on function private.read_index, private.check_replica to paddock_app;
comment on function private.note_primary is 'Gives the run of this primary an id, if it has none yet.';
comment on function private.read_index is 'How far this primary has come: what a standby must have for a read that is asked for now.';
comment on function private.check_replica is 'Makes sure, on a standby, that it has come as far as private.read_index said.';
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

set local role paddock_gate;
drop function private.check_replica, private.read_index, private.note_primary, private.log_timeline;
reset role;
set local role paddock_owner;
drop table private.primary_run;
reset role;
