-- Reports whether the admitted request holds this scope on its account.
create or replace function private.has_scope(need text) returns boolean
stable parallel restricted security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return private.account_id(need) is not null;
end
$$;
