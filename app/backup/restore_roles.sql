-- Makes the roles that are not there yet, without passwords and without the powers
-- of a superuser and the like. Who has such powers and is named nowhere in the
-- database is left out. Roles that are there stay as they are, but that they become
-- members of those that are made, as they were, and the owner of this database of all.
do $$
declare
  r record;
  m record;
  setting text;
  made text[] := '{}';
  owner name := (select pg_catalog.pg_get_userbyid(d.datdba) from pg_catalog.pg_database d where d.datname = current_database());
begin
  for r in select x.* from pg_temp.paddock_backup b, pg_catalog.jsonb_to_recordset(b.manifest -> 'roles')
      as x(name name, login boolean, inherits boolean, connection_limit integer, valid_until text, settings jsonb, named boolean, powers jsonb)
  loop
    continue when exists (select from pg_catalog.pg_roles o where o.rolname = r.name)
      or r.powers <> '[]' and not r.named;
    execute pg_catalog.format('create role %I %s nosuperuser nobypassrls nocreatedb nocreaterole noreplication %s connection limit %s',
      r.name, case when r.login and r.powers = '[]' then 'login' else 'nologin' end,
      case when r.inherits then 'inherit' else 'noinherit' end, r.connection_limit);
    if r.valid_until is not null then
      execute pg_catalog.format('alter role %I valid until %L', r.name, r.valid_until);
    end if;
    for setting in select s from pg_catalog.jsonb_array_elements_text(r.settings) s loop
      -- A list such as search_path is kept as one text, which cannot be written as it is.
      if pg_catalog.split_part(setting, '=', 1) in ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries') then
        perform pg_catalog.set_config(pg_catalog.split_part(setting, '=', 1), pg_catalog.substr(setting, pg_catalog.strpos(setting, '=') + 1), true);
        execute pg_catalog.format('alter role %I set %I from current', r.name, pg_catalog.split_part(setting, '=', 1));
      else
        execute pg_catalog.format('alter role %I set %s = %L', r.name,  -- a name may have a dot
          (select pg_catalog.string_agg(pg_catalog.quote_ident(part), '.') from pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.split_part(setting, '=', 1), '.')) part),
          pg_catalog.substr(setting, pg_catalog.strpos(setting, '=') + 1));
      end if;
    end loop;
    made := made || r.name::text;
  end loop;

  for m in select x.name, g.* from pg_temp.paddock_backup b,
      pg_catalog.jsonb_to_recordset(b.manifest -> 'roles') as x(name name, member_of jsonb),
      pg_catalog.jsonb_to_recordset(x.member_of) as g(role name, admin boolean, inherits boolean, sets boolean)
  loop
    continue when not (m.name = any (made) or m.role = any (made) or m.name = owner)
      or not exists (select from pg_catalog.pg_roles o where o.rolname = m.role)
      or not exists (select from pg_catalog.pg_roles o where o.rolname = m.name);
    if current_setting('server_version_num')::integer >= 160000 then
      execute pg_catalog.format('grant %I to %I with admin %s, inherit %s, set %s', m.role, m.name, m.admin::text, m.inherits::text, m.sets::text);
    elsif m.inherits or m.sets then
      execute pg_catalog.format('grant %I to %I %s', m.role, m.name, case when m.admin then 'with admin option' end);
    end if;
  end loop;

  -- From Postgres 16 on only who has the admin option on a role changes its password,
  -- as who makes it has. So has the owner of this database, who would have made these.
  if current_setting('server_version_num')::integer >= 160000 then
    for r in select x as name from pg_catalog.unnest(made) x loop
      execute pg_catalog.format('grant %I to %I with admin true%s', r.name, owner,
        case when not exists (select from pg_catalog.pg_auth_members g where g.roleid = r.name::regrole and g.member = owner::regrole) then ', inherit false, set false' end);
    end loop;
  end if;
end
$$;
