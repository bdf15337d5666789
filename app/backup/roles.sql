-- The roles that this database names in owners, grants and policies, and all
-- members of these. Passwords are not read: see docs/decisions.md.
with recursive named as (
  select distinct d.refobjid as oid
  from pg_catalog.pg_shdepend d
  where d.refclassid = 'pg_catalog.pg_authid'::regclass
    and (d.dbid = (select oid from pg_catalog.pg_database where datname = current_database())
      or d.classid = 'pg_catalog.pg_database'::regclass and d.objid = (select oid from pg_catalog.pg_database where datname = current_database()))
), wanted as (
  select oid from named
  union
  select m.member from pg_catalog.pg_auth_members m join wanted w on w.oid = m.roleid
), memberships as (
  -- From Postgres 16 on a role may be a member by several grants, each with
  -- options of its own. Before, a member inherits as its role does, and may set.
  select m.member, p.rolname as role, bool_or(m.admin_option) as admin,
    bool_or(coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit)) as inherits,
    bool_or(coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)) as sets
  from pg_catalog.pg_auth_members m
  join pg_catalog.pg_roles p on p.oid = m.roleid
  join pg_catalog.pg_roles r on r.oid = m.member
  where m.roleid in (select oid from wanted) or p.rolname like 'pg\_%'
  group by m.member, p.rolname
)
select coalesce(jsonb_agg(jsonb_build_object(
  'name', r.rolname, 'login', r.rolcanlogin, 'inherits', r.rolinherit, 'connection_limit', r.rolconnlimit, 'valid_until', r.rolvaliduntil::text,
  'settings', coalesce((select to_jsonb(s.setconfig) from pg_catalog.pg_db_role_setting s where s.setrole = r.oid and s.setdatabase = 0), '[]'),
  'member_of', coalesce((select jsonb_agg(jsonb_build_object('role', m.role, 'admin', m.admin, 'inherits', m.inherits, 'sets', m.sets) order by m.role)
    from memberships m where m.member = r.oid), '[]'),
  'connects', exists (select from pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a
    where d.datname = current_database() and a.grantee = r.oid and a.privilege_type = 'CONNECT'),
  'named', exists (select from named n where n.oid = r.oid and exists (
    select from pg_catalog.pg_shdepend d where d.refobjid = r.oid and d.refclassid = 'pg_catalog.pg_authid'::regclass
      and d.dbid = (select oid from pg_catalog.pg_database where datname = current_database()))),
  'powers', to_jsonb(array_remove(array[case when r.rolsuper then 'superuser' end, case when r.rolbypassrls then 'bypassrls' end,
    case when r.rolcreaterole then 'createrole' end, case when r.rolcreatedb then 'createdb' end,
    case when r.rolreplication then 'replication' end], null)),
  'reports', exists (select from memberships m where m.member = r.oid and m.role = 'paddock_report' and m.inherits) and r.rolcanlogin,
  'is_owner', exists (select from pg_catalog.pg_database d where d.datname = current_database() and d.datdba = r.oid)
) order by r.rolname), '[]')
from wanted w join pg_catalog.pg_roles r on r.oid = w.oid
where r.rolname not like 'pg\_%'
