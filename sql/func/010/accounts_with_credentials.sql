-- Returns the accounts of the admitted user that have keys, and whether the
-- keys work.
create or replace function private.accounts_with_credentials()
returns table (account_id uuid, works boolean)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select c.account_id, c.rejected_at is null
  from private.usable_grants() g
  join private.user_credentials c on c.account_id = g.account_id
  where g.user_id = private.user_id()
    and (private.reach() is null or g.account_id = any (private.reach()))
$$;
