-- Writes into the audit of each account that a reporting login may see that the
-- login is connected: once an hour for each address that it comes from, so that
-- it cannot fill the audit.
create or replace function private.record_report_session(p_login oid, p_address text, p_program text, p_began timestamptz) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into private.report_sessions as s (login, address) values (p_login, p_address)
    on conflict (login, address) do update set noted_at = clock_timestamp()
      where s.noted_at < clock_timestamp() - interval '1 hour';
  if not found then
    return;
  end if;
  perform private.audit(g.account_id, 'report.connect', jsonb_build_object('address', p_address, 'program', left(p_program, 64), 'began', p_began),
      p_kind => 'reporting_login', p_actor => g.role_name::text)
    from private.report_grants g join pg_catalog.pg_roles r on r.oid = g.role_oid and r.rolname = g.role_name
    where g.role_oid = p_login;
end
$$;
