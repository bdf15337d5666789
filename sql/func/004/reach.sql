-- Returns the accounts that the API token of this transaction's admission reaches; null
-- without a token, for all of the user's.
create or replace function private.reach() returns uuid[]
stable parallel restricted security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  token uuid := private.token_id();
begin
  return case when token is not null then array(select a.account_id from private.token_accounts a
    join private.api_tokens t on t.id = a.token_id join app.user_accounts u on u.id = a.account_id
    where a.token_id = token and (u.environment = 'paper' or not t.paper_only)) end;
end
$$;
