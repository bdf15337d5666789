-- Admission: the doors through which a transaction gets an account, and the
-- accessors that policies call. All are owned by paddock_gate.

grant create on schema private to paddock_gate;
set local role paddock_gate;

{{ template "func/renew_seal_key.sql" . }}
{{ template "func/mac.sql" . }}
{{ template "func/scopes_of.sql" . }}
{{ template "func/old/admit_1.sql" . }}
{{ template "func/old/admit_worker_1.sql" . }}
{{ template "func/sealed.sql" . }}
{{ template "func/account_id.sql" . }}
{{ template "func/user_id.sql" . }}
{{ template "func/may.sql" . }}

grant execute on function private.renew_seal_key() to paddock_owner;
grant execute on function private.admit(text, uuid) to paddock_app;
grant execute on function private.admit_worker(uuid, uuid, bigint) to paddock_worker;
grant execute on function private.account_id(text) to paddock_app, paddock_worker;
grant execute on function private.user_id() to paddock_app, paddock_worker;
grant execute on function private.may(text) to paddock_app, paddock_worker;

insert into private.doorbell (channel) values ('paddock_' || encode(ext.gen_random_bytes(16), 'hex')) on conflict do nothing;
select private.renew_seal_key();

reset role;

set local role paddock_owner;

-- A user sees the grants that name them, and through these their accounts.
create policy app_reads on app.account_grants for select to paddock_app
  using (user_id = (select private.user_id()));
grant select on app.account_grants to paddock_app;

-- As an array it is an index condition: a filter would let EXPLAIN and the
-- statistics functions count other users' rows through the indexes.
create policy app_reads on app.user_accounts for select to paddock_app
  using (id = any (array(
    select g.account_id from app.account_grants g
    where g.user_id = (select private.user_id())
      and (g.expires_at is null or g.expires_at > now()))));
grant select on app.user_accounts to paddock_app;

-- Making an account goes through private.create_account, which makes the
-- owner's grant with it: a plain insert here could name any user.
create policy app_changes on app.user_accounts for update to paddock_app
  using (id = (select private.account_id('manage')))
  with check (id = (select private.account_id('manage')));
grant update (name, is_active, updated_at) on app.user_accounts to paddock_app;

create policy app_deletes on app.user_accounts for delete to paddock_app
  using (id = (select private.account_id('manage')));
grant delete on app.user_accounts to paddock_app;

-- The worker sees the one account it was admitted to.
create policy worker_reads on app.user_accounts for select to paddock_worker
  using (id = (select private.account_id('work')));
grant select on app.user_accounts to paddock_worker;

reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

set local role paddock_owner;
drop policy worker_reads on app.user_accounts;
drop policy app_deletes on app.user_accounts;
drop policy app_changes on app.user_accounts;
drop policy app_reads on app.user_accounts;
drop policy app_reads on app.account_grants;
revoke all on app.user_accounts, app.account_grants from paddock_app, paddock_worker;
reset role;

set local role paddock_gate;
delete from private.seal_keys;
drop function private.may(text);
drop function private.user_id();
drop function private.account_id(text);
drop function private.admit_worker(uuid, uuid, bigint);
drop function private.admit(text, uuid);
drop function private.sealed(boolean);
drop function private.scopes_of(text, boolean);
drop function private.mac(bytea, bytea, text, text, text);
drop function private.renew_seal_key();
reset role;
