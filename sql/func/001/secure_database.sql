-- Sets who may connect to this database, and how its sessions run. CREATE DATABASE …
-- TEMPLATE copies neither, so whoever makes a copy runs this on it again.
--
-- Postgres compiles a plan that it takes to be expensive (its JIT), and takes plans over
-- JSON and set-returning functions to be far more expensive than they are: it compiled for
-- seconds what runs in milliseconds.
do $$
begin
  execute pg_catalog.format('revoke all on database %I from public', pg_catalog.current_database());
  execute pg_catalog.format(
    'grant connect on database %I to paddock_app, paddock_worker, paddock_auth, paddock_report',
    pg_catalog.current_database());
  execute pg_catalog.format('alter database %I set jit = off', pg_catalog.current_database());
end
$$;
-- Schema public holds tern's version table and nothing else.
revoke all on schema public from public;
