-- Sets who may connect to this database. CREATE DATABASE … TEMPLATE does not
-- copy these grants, so whoever makes a copy runs this on it again.
do $$
begin
  execute pg_catalog.format('revoke all on database %I from public', pg_catalog.current_database());
  execute pg_catalog.format(
    'grant connect on database %I to paddock_app, paddock_worker, paddock_auth, paddock_report',
    pg_catalog.current_database());
end
$$;
-- Schema public holds tern's version table and nothing else.
revoke all on schema public from public;
