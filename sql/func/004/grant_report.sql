-- Lets a reporting login read an account; with p_user, as long as this user owns it or has
-- the role reports there. 22023: no login of that name is in
-- the group paddock_report, or it may do more than a reporting login may.
create or replace function private.grant_report(p_role name, p_account uuid, p_user text default null) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
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
  insert into private.report_grants (account_id, role_oid, role_name, user_id)
    select p_account, r.oid, r.rolname, p_user from pg_catalog.pg_roles r where r.rolname = p_role
    on conflict (account_id, role_oid) do nothing;
  perform private.audit(p_account, 'report.grant', jsonb_build_object('role', p_role));
end
$$;
