-- Returns the admitted account if the admission holds the scope p_scope, or
-- p_or where there is another that will do, and raises 42501 otherwise. p_what
-- is the action that needs the scope, for the message. Only definer functions
-- call it, from inside their pinned search_path.
create or replace function private.require_account(p_what text, p_scope text, p_or text default null) returns uuid
stable parallel restricted set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := coalesce(private.account_id(p_scope), private.account_id(p_or));
begin
  if account is null then
    raise exception '% needs the scope "%"', p_what, p_scope using errcode = '42501';
  end if;
  return account;
end
$$;
