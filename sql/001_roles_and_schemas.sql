-- Roles, schemas and the rule that nothing is granted to PUBLIC.
--
-- Runs as a role that owns the database and has CREATEROLE, and needs no
-- superuser, so that it works on managed Postgres. Roles belong to the whole
-- server: for a second Paddock database on it they exist, and stay as they are.

-- A database of an earlier numbering has another version table. Migrating it
-- fails with a message that says so, and changes nothing in it.
do $$
begin
  if exists (select from pg_catalog.pg_class c where c.relname = 'schema_version' and c.relnamespace = 'public'::pg_catalog.regnamespace)
      and exists (select from pg_catalog.pg_namespace n where n.nspname = 'app') then
    raise exception 'this database was made by an earlier Paddock, whose migrations these cannot continue: migrate a new, empty database instead, and keep this one, which is unchanged, for the Paddock that made it';
  end if;
end
$$;

do $$
declare
  wanted record;
  owning text;
begin
  for wanted in
    select * from (values
      -- owns every table; no program connects as it
      ('paddock_owner',  'nologin'),
      -- owns the security definer functions, and no table
      ('paddock_gate',   'nologin'),
      -- owns the definer functions that record what the broker said, held to the
      -- admitted account by row security like everybody else
      ('paddock_recorder', 'nologin'),
      -- the web process: may do what RLS lets an admitted request do
      ('paddock_app',    'login'),
      -- streams, push and reconciliation: admitted to one account at a time
      ('paddock_worker', 'login'),
      -- sign-in: Better Auth's tables and nothing else
      ('paddock_auth',   'login'),
      -- group of all reporting logins: reads schema report
      ('paddock_report', 'nologin'),
      -- owns the function that ends sessions of reporting logins, and is a member
      -- of each of these, because that takes membership
      ('paddock_watchdog', 'nologin')
    ) as r(name, login)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      execute pg_catalog.format(
        'create role %I %s nosuperuser nobypassrls nocreatedb nocreaterole noreplication inherit',
        wanted.name, wanted.login);
      if wanted.login = 'login' then
        execute pg_catalog.format('alter role %I set statement_timeout = %L', wanted.name, '15s');
        execute pg_catalog.format('alter role %I set lock_timeout = %L', wanted.name, '5s');
        execute pg_catalog.format('alter role %I set idle_in_transaction_session_timeout = %L', wanted.name, '15s');
        -- The pools set these when they connect. A pooler in between passes
        -- them on to no session, so that the login has them too.
        execute pg_catalog.format('alter role %I set search_path = %L', wanted.name, 'pg_catalog');
        execute pg_catalog.format('alter role %I set timezone = %L', wanted.name, 'UTC');
        execute pg_catalog.format('alter role %I set datestyle = %L', wanted.name, 'ISO, MDY');
        execute pg_catalog.format('alter role %I set client_encoding = %L', wanted.name, 'UTF8');
        execute pg_catalog.format('alter role %I set plan_cache_mode = %L', wanted.name, 'force_generic_plan');
      end if;
    end if;
  end loop;

  -- The migrating role acts as these while it makes their objects. (For a second
  -- database on a server it has these grants already.)
  foreach owning in array array['paddock_owner', 'paddock_gate', 'paddock_recorder', 'paddock_watchdog'] loop
    if not pg_catalog.pg_has_role(current_user, owning, 'usage') then
      execute pg_catalog.format('grant %I to %I', owning, current_user);
    end if;
  end loop;

  -- On Postgres 15 a login can take its membership from others, so that the
  -- watchdog needs these. There the migrating role can grant them. From 16 on
  -- only a superuser can, and membership is enough.
  begin
    grant pg_signal_backend, pg_read_all_stats to paddock_watchdog;
  exception when insufficient_privilege then
    null;
  end;
end
$$;

{{ template "func/001/secure_database.sql" . }}

create schema auth    authorization paddock_owner;
create schema app     authorization paddock_owner;
create schema private authorization paddock_owner;
create schema report  authorization paddock_owner;
create schema ext     authorization paddock_owner;
comment on schema auth    is 'Better Auth''s tables: who signs in, and how.';
comment on schema app     is 'The tenants'' tables, each row of one account, and the functions over them.';
comment on schema private is 'Keys, ciphertext, and the definer functions through which everything privileged goes.';
comment on schema report  is 'Views for plain SQL, for logins made with paddock report create.';
comment on schema ext     is 'The extension pgcrypto.';

-- The extension's functions belong to a superuser and stay executable by
-- PUBLIC. The runtime roles cannot call them because they lack USAGE on the schema.
create extension if not exists pgcrypto schema ext;

revoke all on schema auth, app, private, report, ext from public;
grant usage on schema auth    to paddock_gate, paddock_auth;
grant usage on schema app     to paddock_gate, paddock_recorder, paddock_app, paddock_worker;
grant usage on schema private to paddock_gate, paddock_recorder, paddock_app, paddock_worker;
grant usage on schema report  to paddock_report;
grant usage on schema ext     to paddock_gate;

alter default privileges for role paddock_owner revoke execute on functions from public;
alter default privileges for role paddock_gate  revoke execute on functions from public;
alter default privileges for role paddock_recorder revoke execute on functions from public;
alter default privileges for role paddock_watchdog revoke execute on functions from public;
alter default privileges for role paddock_owner revoke usage on types from public;
alter default privileges for role paddock_gate  revoke usage on types from public;
alter default privileges for role paddock_recorder revoke usage on types from public;
alter default privileges for role paddock_watchdog revoke usage on types from public;

grant usage on schema public to paddock_gate;
grant select on public.paddock_version to paddock_gate;
grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/001/schema_version.sql" . }}
grant execute on function private.schema_version to paddock_worker;
comment on function private.schema_version is 'The version that the database was migrated to.';
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

drop schema report, ext, private, app, auth cascade;
revoke select on public.paddock_version from paddock_gate;
revoke usage on schema public from paddock_gate;

alter default privileges for role paddock_owner grant execute on functions to public;
alter default privileges for role paddock_gate  grant execute on functions to public;
alter default privileges for role paddock_recorder grant execute on functions to public;
alter default privileges for role paddock_watchdog grant execute on functions to public;
alter default privileges for role paddock_owner grant usage on types to public;
alter default privileges for role paddock_gate  grant usage on types to public;
alter default privileges for role paddock_recorder grant usage on types to public;
alter default privileges for role paddock_watchdog grant usage on types to public;

do $$
declare
  name text;
begin
  foreach name in array array['paddock_watchdog', 'paddock_report', 'paddock_auth', 'paddock_worker', 'paddock_app', 'paddock_recorder', 'paddock_gate', 'paddock_owner']
  loop
    execute pg_catalog.format('revoke all on database %I from %I', pg_catalog.current_database(), name);
    begin
      execute pg_catalog.format('drop role %I', name);
    exception when dependent_objects_still_exist or insufficient_privilege then
      -- Another database on this server, or a reporting login, still needs it.
      raise notice 'role % is kept: something else on this server depends on it', name;
    end;
  end loop;
  execute pg_catalog.format('grant connect, temporary on database %I to public', pg_catalog.current_database());
  execute pg_catalog.format('alter database %I reset jit', pg_catalog.current_database());
end
$$;
grant usage on schema public to public;
