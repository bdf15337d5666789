-- The server's roles of Paddock, their settings and what they are members of.
select format('role %s: login %s, superuser %s, bypassrls %s, createdb %s, createrole %s, replication %s, inherit %s, settings %s', r.rolname, r.rolcanlogin,
    r.rolsuper, r.rolbypassrls, r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolinherit,
    (select s.setconfig from pg_db_role_setting s where s.setrole = r.oid and s.setdatabase = 0))
  from pg_roles r where r.rolname ~ '^paddock_'
union all
select format('role %s is in %s, with admin option %s', m.member::regrole, m.roleid::regrole, m.admin_option)
  from pg_auth_members m where m.roleid::regrole::text ~ '^paddock_'
order by 1
