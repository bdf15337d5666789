-- Returns the accounts that the login of this session may report on; none once
-- the login's time has ended (VALID UNTIL, which by itself refuses only a new
-- sign-in with a password). It goes by session_user and by the role's own row,
-- neither of which a login can change, and by the clock, because a transaction
-- may have begun before that end. A login that is a user's sees what that user owns or
-- has the role reports on, as long as they do.
create or replace function private.report_accounts() returns uuid[]
stable parallel restricted security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (
    select coalesce(array_agg(g.account_id), '{}')
    from private.report_grants g
    join pg_catalog.pg_roles r on r.oid = g.role_oid and r.rolname = g.role_name
    where r.rolname = session_user
      and (r.rolvaliduntil is null or r.rolvaliduntil > clock_timestamp())
      and (g.user_id is null or exists (select from app.account_grants a
        where a.account_id = g.account_id and a.user_id = g.user_id and a.role in ('owner', 'reports')
          and (a.expires_at is null or a.expires_at > clock_timestamp()))));
end
$$;
