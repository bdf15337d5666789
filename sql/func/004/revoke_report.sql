-- Takes every account from a reporting login. It must run before the login is
-- dropped.
create or replace function private.revoke_report(p_role name) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  gone uuid;
begin
  for gone in delete from private.report_grants g where g.role_name = p_role returning g.account_id loop
    perform private.audit(gone, 'report.revoke', jsonb_build_object('role', p_role));
  end loop;
end
$$;
