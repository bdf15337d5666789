-- Trigger: keeps in an API token's own row which accounts it reaches, so that an admission
-- reads one row.
create or replace function private.keep_token_accounts() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update private.api_tokens t
    set account_ids = array(select a.account_id from private.token_accounts a where a.token_id = t.id order by a.account_id)
    where t.id in (select c.token_id from changed c);
  return null;
end
$$;
