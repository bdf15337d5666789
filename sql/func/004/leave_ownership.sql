-- Sees to it that an account has an owner when this one is none any more: where it was
-- theirs, it becomes that of the one who has owned it longest. PD437: there is no other.
-- The caller has locked the account's row, so that no two leave at once.
create or replace function private.leave_ownership(p_account uuid, p_user text) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  other text := (select g.user_id from private.usable_grants() g
    where g.account_id = p_account and g.role = 'owner' and g.expires_at is null and g.user_id <> p_user
      and not exists (select from auth.disabled_users d where d.user_id = g.user_id)
    order by g.created_at, g.user_id limit 1);
begin
  if other is null then
    raise exception 'an account keeps an owner' using errcode = 'PD437';
  end if;
  if exists (select from app.user_accounts u where u.id = p_account and u.user_id = p_user) then
    perform private.pass_account(p_account, other);
  end if;
end
$$;
