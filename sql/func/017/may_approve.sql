-- Reports whether a user may approve what is proposed on an account, as far as their role
-- goes: it holds now, and nobody has disabled them.
create or replace function private.may_approve(p_account uuid, p_user text) returns boolean
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return exists (select from private.usable_grants() g join app.user_accounts u on u.id = g.account_id
      where g.account_id = p_account and g.user_id = p_user
        and 'approve' = any (string_to_array(private.scopes_for_role(g.role, u.is_active), ',')))
    and not exists (select from auth.disabled_users d where d.user_id = p_user);
end
$$;
