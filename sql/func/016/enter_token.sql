-- Has this transaction, which is a request's of a user, go on as admitted by an API token of
-- theirs that holds, to the same account, as private.admit would admit it: so that what is
-- read is what the token itself would be told (app.budget_json). It only narrows: the token
-- does on the account what its user's role and its own scopes both allow. Admitted by a
-- token, it is for this one and those that were made of it.
--
-- PD449: the user has no such token that holds, or it does not reach the account. 42501:
-- nobody is admitted, or not by a request.
create or replace function private.enter_token(p_token uuid) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  door text := private.check_seal();
  who text := private.user_id();
  account uuid := private.account_id();
  token uuid := private.token_id();
  origin text := current_setting('app.origin', true);
  scopes text;
begin
  if who is null or split_part(door, '.', 2) is distinct from 'R' then
    raise exception 'nobody is admitted by a request' using errcode = '42501';
  end if;
  select private.token_scopes_for_role(g.role, u.is_active, t.scopes) into scopes
    from private.api_tokens t
    join private.token_accounts a on a.token_id = t.id and a.account_id = account
    join app.user_accounts u on u.id = a.account_id and (u.environment = 'paper' or not t.paper_only)
    join private.usable_grants() g on g.account_id = u.id and g.user_id = who
    where t.id = p_token and t.user_id = who and t.revoked_at is null and t.expires_at > now() and not t.user_disabled
      and (token is null or token = any (t.path));
  if scopes is null then
    raise exception 'no such API token' using errcode = 'PD449';
  end if;
  perform private.seal_transaction('.R.' || scopes, account::text, who, 
    'token:' || p_token || substr(origin, length(split_part(origin, ' ', 1)) + 1));
end
$$;
