-- Has others who change who has an account wait until this transaction ends, and raises
-- 42501 unless the admitted user owns it still: whoever waited here may have been made
-- less by the one they waited for.
create or replace function private.lock_sharing(p_account uuid) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform from app.user_accounts u where u.id = p_account for no key update;
  if not exists (select from private.usable_grants() g where g.account_id = p_account and g.user_id = private.user_id() and g.role = 'owner') then
    raise exception 'only an owner says who has an account' using errcode = '42501';
  end if;
end
$$;
