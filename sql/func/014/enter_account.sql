-- Has this transaction, which is a request's of a user, go on as admitted to one of their
-- accounts, as private.admit would admit it with the same session or API token; with null
-- as the user's alone again. So one transaction may ask for something on several accounts,
-- each under an admission of its own. Only private.make_block_order and
-- private.preview_block_order call it, which end where they began: no statement of the
-- request runs in between.
--
-- 42501: nobody is admitted, or not by a request. PD403: there is no such account, the user
-- has no grant on it, or their token does not reach it; nobody is told which. PD475: they
-- may not trade there; the detail has the account.
create or replace function private.enter_account(p_account uuid) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  door text := private.check_seal();
  who text := private.user_id();
  origin text := current_setting('app.origin', true);
  token uuid := private.token_id();
  account text := coalesce(p_account::text, '');
  scopes text;
begin
  if who is null or split_part(door, '.', 2) is distinct from 'R' then
    raise exception 'nobody is admitted by a request' using errcode = '42501';
  end if;
  if p_account is not null then
    select case when token is null then private.scopes_for_role(g.role, u.is_active)
          else private.token_scopes_for_role(g.role, u.is_active, (select t.scopes from private.api_tokens t where t.id = token)) end
      into scopes
      from private.usable_grants() g join app.user_accounts u on u.id = g.account_id
      where g.account_id = p_account and g.user_id = who and (token is null or p_account = any (private.reach()));
    if scopes is null then
      raise exception 'no access to this account' using errcode = 'PD403';
    end if;
    if strpos(scopes, 'trade') = 0 then
      raise exception 'this user may not trade on this account' using errcode = 'PD475', detail = account;
    end if;
  end if;
  perform private.seal_transaction('.R.' || coalesce(scopes, ''), account, who, origin);
end
$$;
