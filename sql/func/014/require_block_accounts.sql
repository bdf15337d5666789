-- Makes sure that whoever is admitted may trade on each account that a block order names,
-- and that no account is admitted besides. Only definer functions call it.
create or replace function private.require_block_accounts(p_request jsonb) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid;
begin
  if private.user_id() is null or private.account_id() is not null then
    raise exception 'a block order is asked for by a user, and on no account alone' using errcode = '42501';
  end if;
  for account in select distinct (a->>'account_id')::uuid from jsonb_array_elements(p_request->'accounts') a order by 1 loop
    if account is null then -- it would let go on as no account
      raise exception 'no account is named' using errcode = 'PD474', detail = 'Name 1 to 100 accounts, each once.';
    end if;
    perform private.enter_account(account);
  end loop;
  perform private.enter_account(null);
end
$$;
