-- Reports whether an API token reaches an account, as far as the token goes; its user's
-- grant decides as well. A session (null) reaches every account.
create or replace function private.token_reaches(p_token uuid, p_account uuid, p_paper_only boolean) returns boolean
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return p_token is null or exists (select from private.token_accounts a
    join app.user_accounts u on u.id = a.account_id
    where a.account_id = p_account and a.token_id = p_token and (u.environment = 'paper' or not p_paper_only));
end
$$;
