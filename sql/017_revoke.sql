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

-- A split comes in two entries, and a fee may have a day and no time.
set local role paddock_owner;
alter table app.journal_adjustments
  add column sub_type text,
  add column day date,         -- the broker's, which is New York's
  add column split_of text collate "C";  -- of a split's entries, the first of the same split
alter table app.journal_adjustments no force row level security;
update app.journal_adjustments set day = (at at time zone 'America/New_York')::date,
  split_of = case when kind = 'SPLIT' and not canceled then (select min(g.activity_id) from app.journal_adjustments g
    where g.account_id = journal_adjustments.account_id and g.symbol = journal_adjustments.symbol and g.kind = 'SPLIT' and not g.canceled
      and g.at = journal_adjustments.at and g.group_id is not distinct from journal_adjustments.group_id) end;
alter table app.journal_adjustments force row level security;
alter table app.journal_adjustments alter column day set not null,
  alter column sub_type set statistics 0, alter column day set statistics 0, alter column split_of set statistics 0;
grant update (split_of) on app.journal_adjustments to paddock_worker;
{{ template "func/activity_at.sql" . }}
{{ template "func/pair_splits.sql" . }}
{{ template "func/rejournal_scope.sql" . }}
{{ template "func/record_adjustments.sql" . }}
grant execute on function app.activity_at(jsonb), app.pair_splits(uuid, text) to paddock_worker;
reset role;

---- create above / drop below ----

set local role paddock_owner;
{{ template "func/old/record_adjustments_1.sql" . }}
{{ template "func/old/rejournal_scope_1.sql" . }}
drop function app.pair_splits(uuid, text);
drop function app.activity_at(jsonb);
alter table app.journal_adjustments drop column split_of, drop column day, drop column sub_type;
reset role;

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
