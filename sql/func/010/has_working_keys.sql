-- Reports whether the admitted account has keys that the broker has not refused.
create or replace function private.has_working_keys() returns boolean
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.account_id('read');
begin
  return exists (select from private.user_credentials c where c.account_id = account and c.rejected_at is null);
end
$$;
