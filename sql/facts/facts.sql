-- What the migrations make, as facts: a kind, the object that each is of, and
-- what is so of it. They are worded alike on all supported versions of Postgres,
-- so they name things and quote few expressions. What depends on the deployment
-- is left out: the role that owns the database, reporting logins, an owner's own
-- privileges, and the dates in the names of the log's partitions.
with ours as (
  select oid, nspname as name, nspowner, nspacl from pg_namespace where nspname in ('auth', 'app', 'private', 'report', 'ext', 'jobs')
), relations as (
  select c.*, n.name || '.' || case when c.relispartition then regexp_replace(c.relname, '\d{4}_\d{2}', 'YYYY_MM') else c.relname end as name
  from pg_class c join ours n on n.oid = c.relnamespace
), tables as (
  select * from relations where relkind not in ('i', 'I', 't', 'c')
), columns as (
  select a.*, t.name || '.' || a.attname as name, t.name as of_table, t.relowner, t.relispartition from pg_attribute a join tables t on t.oid = a.attrelid
  where a.attnum > 0 and not a.attisdropped
), functions as (
  select p.*, n.name || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')' as name from pg_proc p join ours n on n.oid = p.pronamespace
  where not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
), types as (
  select t.*, n.name || '.' || t.typname as name from pg_type t join ours n on n.oid = t.typnamespace
  where t.typelem = 0 and not exists (select from pg_class c where c.oid = t.typrelid and c.relkind <> 'c')
    and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
), owners as ( -- of this database and of others of Paddock's on the server, who migrate them
  select d.datdba as oid from pg_database d
  where d.datname = current_database() or exists (select from aclexplode(d.datacl) g where pg_get_userbyid(g.grantee) = 'paddock_app')
), lists (what, acl, owner) as (
  select 'schema ' || name, coalesce(nspacl, acldefault('n', nspowner)), nspowner from ours
  union all select 'table ' || name, coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)), relowner from tables
  union all select 'function ' || name, coalesce(proacl, acldefault('f', proowner)), proowner from functions
  union all select 'type ' || name, coalesce(typacl, acldefault('T', typowner)), typowner from types
), granted as (
  select l.what, g.* from lists l cross join lateral aclexplode(l.acl) g where g.grantee <> l.owner
  union all -- others may be given these two by the deployment
  select s.what, g.* from (
      select 'schema public', nspacl from pg_namespace where nspname = 'public'
      union all select 'the database', coalesce(datacl, acldefault('d', datdba)) from pg_database where datname = current_database()
      union all select 'table public.paddock_version', relacl from pg_class where relname = 'paddock_version' and relnamespace = 'public'::regnamespace
    ) s (what, acl) cross join lateral aclexplode(s.acl) g
    where (g.grantee = 0 or pg_get_userbyid(g.grantee) ~ '^paddock_') and g.grantee not in (select oid from owners)
      and pg_get_userbyid(g.grantee) <> 'paddock_backup'
), facts (kind, name, value, text) as ( -- text is told as a hash
  select 'role', rolname::text, case when rolcanlogin then 'login' else 'no login' end || case when rolsuper then ', superuser' else '' end
      || case when rolbypassrls then ', bypassrls' else '' end || case when rolcreaterole then ', createrole' else '' end
      || case when rolcreatedb then ', createdb' else '' end || case when rolreplication then ', replication' else '' end
      || case when rolinherit then '' else ', noinherit' end, null
    from pg_roles where rolname in ('paddock_owner', 'paddock_gate', 'paddock_recorder', 'paddock_app', 'paddock_worker', 'paddock_auth', 'paddock_report', 'paddock_watchdog')
  union all
  select 'membership', pg_get_userbyid(m.member) || ' in ' || pg_get_userbyid(m.roleid), 'is a member', null
    from pg_auth_members m join pg_roles r on r.oid = m.member
    where (r.rolname in ('paddock_owner', 'paddock_gate', 'paddock_recorder', 'paddock_app', 'paddock_worker', 'paddock_auth', 'paddock_report', 'paddock_watchdog')
        or pg_get_userbyid(m.roleid) in ('paddock_owner', 'paddock_gate', 'paddock_recorder', 'paddock_app', 'paddock_worker', 'paddock_auth', 'paddock_watchdog'))
      and not r.rolsuper and m.member not in (select oid from owners)
      and not (r.rolname = 'paddock_watchdog' and (pg_get_userbyid(m.roleid) in ('pg_signal_backend', 'pg_read_all_stats')
        or exists (select from pg_auth_members l where l.member = m.roleid and pg_get_userbyid(l.roleid) = 'paddock_report')))
  union all
  select 'setting', r.rolname || ' ' || split_part(c.text, '=', 1), substr(c.text, position('=' in c.text) + 1), null
    from pg_db_role_setting s join pg_roles r on r.oid = s.setrole cross join lateral unnest(s.setconfig) c (text)
    where s.setdatabase = 0 and r.rolname in ('paddock_app', 'paddock_worker', 'paddock_auth')
  union all
  select 'schema', name, 'of ' || pg_get_userbyid(nspowner), null from ours
  union all
  select 'extension', extname, 'in ' || nspname, null from pg_extension e join pg_namespace n on n.oid = e.extnamespace where nspname in (select name from ours)
  union all
  select 'grant', what || ' to ' || case grantee when 0 then 'PUBLIC' else pg_get_userbyid(grantee) end,
      string_agg(lower(privilege_type) || case when is_grantable then ' with grant option' else '' end, ', ' order by privilege_type), null
    from granted group by what, grantee
  union all
  select 'grant', 'columns of ' || c.of_table || ' to ' || case g.grantee when 0 then 'PUBLIC' else pg_get_userbyid(g.grantee) end || ', ' || lower(g.privilege_type),
      string_agg(c.attname || case when g.is_grantable then ' with grant option' else '' end, ' ' order by c.attname), null
    from columns c cross join lateral aclexplode(c.attacl) g where g.grantee <> c.relowner group by c.of_table, g.grantee, g.privilege_type
  union all -- without such a row PUBLIC gets what Postgres gives it
  select 'grant', 'what ' || pg_get_userbyid(defaclrole) || ' will make (' || case defaclobjtype when 'f' then 'functions' when 'T' then 'types' else defaclobjtype::text end || ')',
      coalesce((select string_agg(case g.grantee when 0 then 'PUBLIC' else pg_get_userbyid(g.grantee) end || ' ' || lower(g.privilege_type), ', ' order by g.grantee, g.privilege_type)
        from aclexplode(defaclacl) g where g.grantee <> defaclrole), 'nobody else'), null
    from pg_default_acl where pg_get_userbyid(defaclrole) in ('paddock_owner', 'paddock_gate', 'paddock_recorder', 'paddock_watchdog')
  union all
  select 'row security', name, case when relrowsecurity then 'enabled' else 'not enabled' end || case when relforcerowsecurity then ' and forced' else ' and not forced' end, null
    from tables where relkind in ('r', 'p')
  union all
  select 'policy', polname || ' of ' || t.name,
      'for ' || case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end
      || case when polpermissive then '' else ', restrictive' end
      || ' to ' || (select string_agg(case o when 0 then 'PUBLIC' else pg_get_userbyid(o) end, ', ' order by pg_get_userbyid(o)) from unnest(polroles) o)
      || coalesce(' using ' || pg_get_expr(polqual, polrelid), '') || coalesce(' with check ' || pg_get_expr(polwithcheck, polrelid), ''), null
    from pg_policy p join tables t on t.oid = p.polrelid
  union all
  select 'table', name, case relkind when 'v' then 'view' when 'S' then 'sequence' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end
      || ' of ' || pg_get_userbyid(relowner) || case when relkind = 'p' then ', partitioned' else '' end
      || case when relispartition then ', partition' else '' end || case relpersistence when 'u' then ', unlogged' else '' end
      || case when relkind = 'v' then coalesce(' with ' || (select string_agg(o, ', ' order by o collate "C") from unnest(reloptions) o), '') || ', reads ' || coalesce((
        select string_agg(distinct (r.name || '.' || a.attname) collate "C", ' ' order by (r.name || '.' || a.attname) collate "C")
          from pg_rewrite w join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
            join tables r on r.oid = d.refobjid join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
          where w.ev_class = t.oid and d.refobjid <> t.oid), 'nothing') else '' end,
      -- Postgres 15 names a column's table where later versions do not.
      case when relkind = 'v' then regexp_replace(pg_get_viewdef(oid), '\m\w+\.', '', 'g') end
    from tables t
  union all
  select 'column', name, format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end
      || case when attgenerated <> '' then ' generated' when atthasdef then ' default' else '' end || case when attidentity <> '' then ' identity' else '' end
      || case when coalesce(attstattarget, -1) >= 0 then ', statistics ' || attstattarget else '' end,
      (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = attrelid and d.adnum = attnum)
    from columns
  union all
  select 'constraint', conname || ' of ' || t.name, case contype when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key' when 'c' then 'check'
      when 'x' then 'exclusion' when 't' then 'trigger' else contype::text end
      || coalesce(' of ' || (select string_agg(a.attname, ' ' order by o.nth) from unnest(k.conkey) with ordinality o (attnum, nth)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = o.attnum), '')
      || case when contype = 'f' then ' to ' || coalesce((select f.name from tables f where f.oid = confrelid), 'another schema')
        || ', on delete ' || confdeltype::text || ', on update ' || confupdtype::text else '' end
      || case when condeferrable then ', deferrable' else '' end
      || case when convalidated and coalesce(to_jsonb(k)->>'conenforced', 'true') = 'true' then ', valid' else ', not valid' end,
      pg_get_constraintdef(k.oid)
    from pg_constraint k join tables t on t.oid = k.conrelid
    where contype <> 'n' and not t.relispartition
  union all
  select 'index', i.name || ' of ' || t.name, case when indisprimary then 'primary key' when indisunique then 'unique' else 'not unique' end || ' over '
      || (select string_agg(coalesce(a.attname, 'an expression'), ' ' order by o.nth) from unnest(x.indkey::smallint[]) with ordinality o (attnum, nth)
        left join pg_attribute a on a.attrelid = x.indrelid and a.attnum = o.attnum and o.attnum > 0)
      || case when indpred is null then '' else ', partial' end || case when indisvalid then ', valid' else ', not valid' end,
      pg_get_indexdef(x.indexrelid)
    from pg_index x join relations i on i.oid = x.indexrelid join tables t on t.oid = x.indrelid where not t.relispartition
  union all
  select 'trigger', tgname || ' of ' || t.name, 'calls ' || coalesce((select f.name from functions f where f.oid = g.tgfoid), 'a function of another schema')
      || ' (' || tgtype || ')' || coalesce(' on ' || (select string_agg(a.attname, ' ' order by a.attname) from unnest(g.tgattr::smallint[]) o
        join pg_attribute a on a.attrelid = g.tgrelid and a.attnum = o), '')
      || case when tgqual is null then '' else ', with a condition' end || case tgenabled when 'O' then '' else ', enabled ' || tgenabled::text end,
      pg_get_triggerdef(g.oid)
    from pg_trigger g join tables t on t.oid = g.tgrelid where not tgisinternal and not t.relispartition
  union all
  select 'trigger', 'those of foreign keys of ' || t.name, 'not all enabled', null
    from tables t where exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgisinternal and g.tgenabled <> 'O')
  union all
  select 'rule', u.rulename || ' of ' || t.name, 'for ' || ev_type::text, pg_get_ruledef(u.oid) from pg_rewrite u join tables t on t.oid = u.ev_class where t.relkind <> 'v'
  union all
  select 'function', name, 'of ' || pg_get_userbyid(proowner) || case when prosecdef then ', definer' else '' end
      || ', language ' || (select lanname from pg_language l where l.oid = prolang) || ', returns ' || case when proretset then 'setof ' else '' end || format_type(prorettype, null)
      || ', volatility ' || provolatile::text || case when proisstrict then ', strict' else '' end || case when proleakproof then ', leakproof' else '' end
      || coalesce(', set ' || (select string_agg(c, ', ' order by c collate "C") from unnest(proconfig) c), ''),
      concat(pg_get_function_arguments(oid), pg_get_function_result(oid), coalesce(pg_get_function_sqlbody(oid), prosrc))
    from functions
  union all
  select 'type', name, 'type ' || typtype::text || ' of ' || pg_get_userbyid(typowner), null from types
  union all
  select 'operator', n.name || '.' || oprname, 'operator', null from pg_operator o join ours n on n.oid = o.oprnamespace
    where not exists (select from pg_depend d where d.classid = 'pg_operator'::regclass and d.objid = o.oid and d.deptype = 'e')
)
select kind, name, value from (
  select distinct kind, name, value || coalesce(', text ' || left(encode(sha256(convert_to(text, 'UTF8')), 'hex'), 16), '') as value from facts
) f order by kind collate "C", name collate "C", value collate "C"
