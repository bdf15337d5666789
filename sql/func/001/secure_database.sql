-- Who may connect to this database. A copy made with CREATE DATABASE …
-- TEMPLATE does not inherit these grants, so whoever makes one runs this again.
do $$
begin
  execute pg_catalog.format('revoke all on database %I from public', pg_catalog.current_database());
  execute pg_catalog.format(
    'grant connect on database %I to paddock_app, paddock_worker, paddock_auth, paddock_report',
    pg_catalog.current_database());
end
$$;
-- Schema public holds tern's own version table and nothing else.
revoke all on schema public from public;
