-- The schema as a text to read: each line with where it stands.
with ours as (
  select oid, nspname as name, nspowner, nspacl from pg_namespace where nspname in ('auth', 'app', 'private', 'report', 'ext', 'jobs')
), relations as (
  select c.*, n.name || '.' || quote_ident(c.relname) as name from pg_class c join ours n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v') and not c.relispartition
), columns as (
  select a.*, quote_ident(a.attname) as name from pg_attribute a join relations r on r.oid = a.attrelid where a.attnum > 0 and not a.attisdropped
), functions as (
  select p.*, n.name || '.' || p.proname as name from pg_proc p join ours n on n.oid = p.pronamespace where p.prokind = 'f'
    and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
), privileges as ( -- of whole relations and of columns
  select r.oid, g.grantee, lower(g.privilege_type) as what, case g.privilege_type when 'SELECT' then 1 when 'INSERT' then 2 when 'UPDATE' then 3 else 4 end as place
    from relations r cross join lateral aclexplode(r.relacl) g where g.grantee <> r.relowner
  union all
  select r.oid, g.grantee, lower(g.privilege_type) || ' (' || string_agg(a.name, ', ' order by a.attnum) || ')',
      case g.privilege_type when 'SELECT' then 1 when 'INSERT' then 2 when 'UPDATE' then 3 else 4 end
    from relations r join columns a on a.attrelid = r.oid cross join lateral aclexplode(a.attacl) g group by r.oid, g.grantee, g.privilege_type
), inside (oid, part, line) as ( -- of a table's parentheses
  select a.attrelid, a.attnum::int, a.name || ' ' || format_type(a.atttypid, a.atttypmod)
      || case when a.attcollation not in (0, (select oid from pg_collation where collname = 'default')) then ' collate ' || a.attcollation::regcollation else '' end
      || case when a.attnotnull then ' not null' else '' end
      || case when not a.atthasdef then '' when a.attgenerated = 's' then ' generated always as ' || pg_get_expr(d.adbin, d.adrelid) || ' stored'
        else ' default ' || pg_get_expr(d.adbin, d.adrelid) end
    from columns a join relations r on r.oid = a.attrelid and r.relkind <> 'v' left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  union all
  select k.conrelid, 10000 + row_number() over (partition by k.conrelid order by k.contype <> 'p', k.contype <> 'u', k.contype <> 'f', k.conname),
      'constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
    from pg_constraint k join relations r on r.oid = k.conrelid where k.contype in ('p', 'u', 'f', 'c')
), parts (kind, name, place, line) as (
  select 1, name, 1, E'\ncreate schema ' || name || ' authorization ' || nspowner::regrole || ';' from ours
  union all
  select 1, n.name, 2, 'grant ' || string_agg(lower(g.privilege_type), ', ' order by g.privilege_type) || ' on schema ' || n.name || ' to ' || g.grantee::regrole || ';'
    from ours n cross join lateral aclexplode(n.nspacl) g where g.grantee <> n.nspowner group by n.name, g.grantee
  union all
  select case relkind when 'v' then 3 else 2 end, name, 0, E'\n-- ' || coalesce(obj_description(oid, 'pg_class'), '') from relations
  union all
  select 2, r.name, 2, 'create table ' || r.name || E' (\n' || (select string_agg('  ' || i.line, E',\n' order by i.part) from inside i where i.oid = r.oid) || E'\n)'
      || coalesce(' partition by ' || pg_get_partkeydef(r.oid), '') || coalesce(' with (' || array_to_string(r.reloptions, ', ') || ')', '') || ';'
    from relations r where r.relkind <> 'v'
  union all
  select 3, name, 2, 'create view ' || name || coalesce(' with (' || array_to_string(reloptions, ', ') || ')', '') || E' as\n' || pg_get_viewdef(oid)
    from relations where relkind = 'v'
  union all
  select 2, r.name, 3, pg_get_indexdef(i.indexrelid) || ';' from pg_index i join relations r on r.oid = i.indrelid
    where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))
  union all
  select 2, r.name, 4, 'alter table ' || r.name || concat_ws(', ', case when r.relrowsecurity then ' enable row level security' end,
      case when r.relforcerowsecurity then 'force row level security' end) || ';'
    from relations r where r.relkind <> 'v'
  union all
  select 2, r.name, 5, '-- without statistics: ' || string_agg(a.name, ', ' order by a.attnum)
    from relations r join columns a on a.attrelid = r.oid and a.attstattarget = 0 where r.relkind <> 'v' group by r.name
  union all
  select 2, r.name, 6, 'create policy ' || p.polname || ' on ' || r.name || case when p.polpermissive then '' else ' as restrictive' end
      || case p.polcmd when 'r' then ' for select' when 'a' then ' for insert' when 'w' then ' for update' when 'd' then ' for delete' else '' end
      || ' to ' || (select string_agg(case o when 0 then 'public' else o::regrole::text end, ', ' order by o::regrole::text) from unnest(p.polroles) o)
      || coalesce(E'\n  using (' || pg_get_expr(p.polqual, p.polrelid) || ')', '') || coalesce(E'\n  with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '') || ';'
    from pg_policy p join relations r on r.oid = p.polrelid
  union all
  select case when r.relkind = 'v' then 3 else 2 end, r.name, 7,
      'grant ' || string_agg(p.what, ', ' order by p.place) || ' on ' || r.name || ' to ' || case p.grantee when 0 then 'public' else p.grantee::regrole::text end || ';'
    from privileges p join relations r on r.oid = p.oid group by r.relkind, r.name, p.grantee
  union all
  select 2, r.name, 8, pg_get_triggerdef(t.oid) || ';' from pg_trigger t join relations r on r.oid = t.tgrelid where not t.tgisinternal
  union all
  select 4, name, 1, E'\n' || coalesce('-- ' || obj_description(oid, 'pg_proc') || E'\n', '') || 'create function ' || name || '('
      || pg_get_function_arguments(oid) || ') returns ' || pg_get_function_result(oid)
      || E'\n  ' || concat_ws(' ', 'language', (select lanname from pg_language l where l.oid = prolang),
        case provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
        case proparallel when 's' then 'parallel safe' when 'r' then 'parallel restricted' end, case when proisstrict then 'strict' end,
        case when prosecdef then 'security definer' end, 'set ' || array_to_string(proconfig, ' set ')) || ';'
      || '  -- ' || proowner::regrole || '''s' || coalesce('; for ' || (select string_agg(g.grantee::regrole::text, ', ' order by g.grantee::regrole::text)
        from aclexplode(proacl) g where g.grantee <> proowner), '')
    from functions
)
select line from parts order by kind, name collate "C", place, line collate "C"
