-- What there is in a database besides the system's own: one fact a line.
with ours as (
  select oid, nspname as name, nspowner, nspacl from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
), relations as (
  select c.*, n.name || '.' || c.relname as name from pg_class c join ours n on n.oid = c.relnamespace
), columns as (
  select a.*, r.name || '.' || a.attname as name, r.relkind from pg_attribute a join relations r on r.oid = a.attrelid
  where a.attnum > 0 and not a.attisdropped
), functions as (
  select p.*, p.oid::regprocedure::text as name from pg_proc p join ours n on n.oid = p.pronamespace
  where p.prokind = 'f' and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
), lists (what, acl) as (
  select 'schema ' || name, coalesce(nspacl, acldefault('n', nspowner)) from ours
  union all select 'relation ' || name, coalesce(relacl, acldefault('r', relowner)) from relations where relkind in ('r', 'p', 'v')
  union all select 'column ' || name, attacl from columns
  union all select 'function ' || name, coalesce(proacl, acldefault('f', proowner)) from functions
  union all select 'database', coalesce(datacl, acldefault('d', datdba)) from pg_database where datname = current_database()
  union all select 'what ' || defaclrole::regrole || ' makes, ' || defaclobjtype::text, defaclacl from pg_default_acl
)
select 'schema ' || name || ' of ' || nspowner::regrole from ours
union all
select l.what || ': ' || lower(g.privilege_type) || ' to ' || case g.grantee when 0 then 'PUBLIC' else g.grantee::regrole::text end
    || case when g.is_grantable then ', and may pass it on' else '' end
  from lists l cross join lateral aclexplode(l.acl) g
union all
select 'relation ' || name || ': kind ' || relkind::text || ' of ' || relowner::regrole || coalesce(' with ' || reloptions::text, '')
    || case when relrowsecurity then ', row security' else '' end || case when relforcerowsecurity then ' forced' else '' end
    || coalesce(', ' || pg_get_partkeydef(oid), '') || coalesce(', ' || pg_get_expr(relpartbound, oid), '')
  from relations where relkind not in ('i', 'I', 't')
union all
select 'relation ' || name || ' has, in this order: ' || (select string_agg(attname, ' ' order by attnum) from columns a where a.attrelid = r.oid)
  from relations r where relkind in ('r', 'p', 'v')
union all
select 'column ' || a.name || ': ' || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end
    || case when atthasdef then case attgenerated when 's' then ' generated ' else ' default ' end || pg_get_expr(d.adbin, d.adrelid) else '' end
    || case when attcollation not in (0, (select oid from pg_collation where collname = 'default')) then ' collate ' || attcollation::regcollation else '' end
    || case when attstattarget >= 0 then ', statistics ' || attstattarget else '' end || ', stored ' || attstorage::text
  from columns a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum where a.relkind in ('r', 'p', 'v')
union all
select 'statistics of ' || r.name || ': ' || string_agg(a.attnum || ' ' || a.attstattarget, ', ' order by a.attnum)
  from relations r join columns a on a.attrelid = r.oid and a.attstattarget >= 0 where r.relkind in ('i', 'I') group by r.name
union all
select 'index ' || pg_get_indexdef(i.indexrelid) || case when indisvalid then '' else ', not valid' end
  from pg_index i join relations r on r.oid = i.indexrelid
union all
select 'constraint ' || conname || ' of ' || r.name || ': ' || pg_get_constraintdef(k.oid) from pg_constraint k join relations r on r.oid = k.conrelid
union all
select 'policy ' || polname || ' of ' || r.name || ' for ' || polcmd::text || case when polpermissive then '' else ', restrictive' end
    || ' to ' || (select string_agg(case o when 0 then 'PUBLIC' else o::regrole::text end, ', ' order by o::regrole::text) from unnest(polroles) o)
    || coalesce(' using ' || pg_get_expr(polqual, polrelid), '') || coalesce(' with check ' || pg_get_expr(polwithcheck, polrelid), '')
  from pg_policy p join relations r on r.oid = p.polrelid
union all
select 'trigger ' || r.name || ': ' || pg_get_triggerdef(t.oid) || ', enabled ' || tgenabled::text
  from pg_trigger t join relations r on r.oid = t.tgrelid where not tgisinternal
union all
select 'rule ' || pg_get_ruledef(u.oid) from pg_rewrite u join relations r on r.oid = u.ev_class where r.relkind <> 'v'
union all
select 'view ' || name || ': ' || pg_get_viewdef(oid) from relations where relkind = 'v'
union all
select 'function ' || name || ' of ' || proowner::regrole || ', returns ' || pg_get_function_result(oid) || ', arguments ' || pg_get_function_arguments(oid)
    || ', language ' || (select lanname from pg_language l where l.oid = prolang) || ', volatility ' || provolatile::text || ', parallel ' || proparallel::text
    || ', strict ' || proisstrict || ', definer ' || prosecdef || ', leakproof ' || proleakproof || ', cost ' || procost || ', rows ' || prorows
    || coalesce(', set ' || proconfig::text, '') || ', text ' || md5(pg_get_functiondef(oid))
  from functions
union all
select 'comment on ' || pg_describe_object(d.classoid, d.objoid, d.objsubid) || ': ' || d.description from pg_description d
  where d.classoid = 'pg_class'::regclass and d.objoid in (select oid from relations)
    or d.classoid = 'pg_proc'::regclass and d.objoid in (select oid from functions)
    or d.classoid = 'pg_namespace'::regclass and d.objoid in (select oid from ours where name <> 'public')
union all
select 'type ' || t.oid::regtype || ' of ' || t.typowner::regrole from pg_type t join ours n on n.oid = t.typnamespace where t.typrelid = 0 and t.typelem = 0
union all
select 'extension ' || extname || ' in ' || extnamespace::regnamespace from pg_extension
order by 1
