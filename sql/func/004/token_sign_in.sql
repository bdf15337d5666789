-- The part of private.sign_in that is for API tokens.
--
-- Its body becomes a part of the statement that calls it. Only the doors do.
create or replace function private.token_sign_in(p_token text, p_account uuid)
returns table (id text, user_id text, expires_at timestamptz, scopes text[], reaches boolean)
stable parallel restricted
language sql
begin atomic
  select 'token:' || t.id, t.user_id, t.expires_at, t.scopes, u.id is not null
    from private.api_tokens t
    left join (private.token_accounts a join app.user_accounts u on u.id = a.account_id)
      on a.account_id = p_account and a.token_id = t.id and (u.environment = 'paper' or not t.paper_only)
    where starts_with(p_token, 'pdk_') and t.digest = sha256(convert_to(p_token, 'UTF8'))
      and t.revoked_at is null and t.expires_at > now()
      and not exists (select from auth.disabled_users d where d.user_id = t.user_id);
end;
