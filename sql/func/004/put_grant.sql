-- Gives a user a role on an account. PD440: they have one. PD438: an owner would have an
-- end. PD436: the account has as many grants as it may. The caller has locked the account's row.
create or replace function private.put_grant(p_account uuid, p_user text, p_role text, p_expires_at timestamptz, p_by text) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if p_role = 'owner' and p_expires_at is not null then
    raise exception 'an owner has no end' using errcode = 'PD438';
  end if;
  if (select count(*) from app.account_grants g where g.account_id = p_account) >= 100 then
    raise exception 'an account may have 100 grants' using errcode = 'PD436';
  end if;
  insert into app.account_grants as g (account_id, user_id, role, expires_at, given_by)
    values (p_account, p_user, p_role, p_expires_at, p_by)
    on conflict (account_id, user_id) do update
      set role = excluded.role, expires_at = excluded.expires_at, created_at = now(), given_by = excluded.given_by, standing_of = null
      where g.expires_at <= now();
  if not found then
    raise exception 'this user has a role on the account' using errcode = 'PD440';
  end if;
end
$$;
