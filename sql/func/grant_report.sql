-- Lets a login of the group paddock_report see an account.
create function private.grant_report(p_role name, p_account uuid) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into private.report_grants (account_id, role_oid, role_name)
    select p_account, r.oid, r.rolname from pg_catalog.pg_roles r where r.rolname = p_role
    on conflict (account_id, role_oid) do nothing;
  perform private.audit(p_account, 'report.grant', jsonb_build_object('role', p_role));
end
$$;
