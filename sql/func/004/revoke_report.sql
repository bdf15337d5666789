-- Takes an account from a reporting login, or every one where p_account is NULL,
-- and returns how many that were. It must run before a login is dropped.
create or replace function private.revoke_report(p_role name, p_account uuid default null) returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  gone uuid;
  taken integer := 0;
begin
  for gone in
    delete from private.report_grants g where g.role_name = p_role and (p_account is null or g.account_id = p_account) returning g.account_id
  loop
    taken := taken + 1;
    perform private.audit(gone, 'report.revoke', jsonb_build_object('role', p_role));
  end loop;
  return taken;
end
$$;
