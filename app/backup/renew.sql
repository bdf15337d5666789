-- What a restored database must have anew: whatever must not go on as if nothing had
-- happened is reset here, in the transaction of the restore. It opens nothing that the one before it
-- had open: its seal has a key of its own, nobody is signed in, and no link that was
-- mailed works.
delete from auth.session;
delete from auth.verification;
delete from private.invitations;
delete from private.doorbell;
select private.renew_seal_key();
select private.renew_seal_key();  -- twice, because the key before the current one goes on checking

-- Transactions of another server have other numbers: one of them may still come here,
-- and would pass for the one in which somebody has shown a second factor.
update auth.second_factor_uses set used_in = '0';

-- Reporting logins are known by oid and name, and have other oids here. One that is
-- no reporting login here gets nothing.
create temporary table paddock_report_grants on commit drop as
  select g.account_id, r.oid as role_oid, g.role_name, g.created_at, g.user_id
  from private.report_grants g join pg_catalog.pg_roles r on r.rolname = g.role_name
  where r.rolcanlogin and not r.rolsuper and not r.rolbypassrls and pg_catalog.pg_has_role(r.oid, 'paddock_report', 'usage')
    and not pg_catalog.pg_has_role(r.oid, 'paddock_owner', 'member') and not pg_catalog.pg_has_role(r.oid, 'paddock_gate', 'member')
    and not pg_catalog.pg_has_role(r.oid, 'paddock_recorder', 'member')
    and not pg_catalog.pg_has_role(r.oid, 'paddock_watchdog', 'member');
delete from private.report_grants;
insert into private.report_grants (account_id, role_oid, role_name, created_at, user_id)
  select account_id, role_oid, role_name, created_at, user_id from pg_temp.paddock_report_grants;
delete from private.report_sessions;

-- Who was granted CONNECT on the database, which a dump does not have.
do $$
declare
  granted name;
begin
  for granted in select x.name from pg_temp.paddock_backup b, pg_catalog.jsonb_to_recordset(b.manifest -> 'roles') as x(name name, connects boolean)
      join pg_catalog.pg_roles r on r.rolname = x.name where x.connects
  loop
    execute pg_catalog.format('grant connect on database %I to %I', pg_catalog.current_database(), granted);
  end loop;
end
$$;

select private.maintain_event_partitions(), private.maintain_audit_partitions(), private.maintain_agent_log_partitions();
