-- Returns the sleeve in which the API token of this admission trades on the admitted
-- account, and all that were made of it; NULL where it is bound to none.
create or replace function private.token_sleeve() returns uuid
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  token uuid := private.token_id();
begin
  if token is null then
    return null;
  end if;
  return (select t.sleeve_id from private.token_accounts t where t.token_id = token and t.account_id = private.account_id());
end
$$;
