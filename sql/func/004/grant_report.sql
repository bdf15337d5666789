-- Lets a reporting login read an account; with p_email, as long as the user of this address
-- owns the account or has the role reports there.
--
-- 22023: no login of that name is in the group paddock_report, or it may do more than a
-- reporting login may. PD443: the user has no such role; or the login sees the account
-- already, for somebody else or for nobody.
create or replace function private.grant_report(p_role name, p_account uuid, p_email text default null) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  reader text := (select g.user_id from app.account_grants g join auth."user" u on u.id = g.user_id
    where g.account_id = p_account and u.email = lower(p_email) and g.role in ('owner', 'reports') and (g.expires_at is null or g.expires_at > now()));
begin
  if not exists (
    select from pg_catalog.pg_roles r
    where r.rolname = p_role and r.rolcanlogin and not r.rolsuper and not r.rolbypassrls
      and pg_has_role(r.oid, 'paddock_report', 'usage')
      and not pg_has_role(r.oid, 'paddock_owner', 'member') and not pg_has_role(r.oid, 'paddock_gate', 'member')
      and not pg_has_role(r.oid, 'paddock_watchdog', 'member'))
  then
    raise exception '"%" is not a login of the group paddock_report', p_role using errcode = '22023';
  end if;
  if p_email is not null and reader is null
      or exists (select from private.report_grants g join pg_catalog.pg_roles r on r.oid = g.role_oid and r.rolname = g.role_name
        where g.account_id = p_account and r.rolname = p_role and g.user_id is distinct from reader) then
    raise exception 'the login cannot see the account for this user' using errcode = 'PD443';
  end if;
  insert into private.report_grants (account_id, role_oid, role_name, user_id)
    select p_account, r.oid, r.rolname, reader from pg_catalog.pg_roles r where r.rolname = p_role
    on conflict (account_id, role_oid) do nothing;
  perform private.audit(p_account, 'report.grant', jsonb_strip_nulls(jsonb_build_object('role', p_role, 'user_id', reader)));
end
$$;
