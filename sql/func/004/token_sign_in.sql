-- The part of private.sign_in that is for API tokens. is_active is that of the account
-- p_account, which is read here, so that an admission need not read it again.
--
-- Its body becomes a part of the statement that calls it. Only the doors do.
create or replace function private.token_sign_in(p_token text, p_account uuid)
returns table (id text, user_id text, expires_at timestamptz, scopes text[], reaches boolean, is_active boolean)
stable parallel restricted
language sql
begin atomic
  select 'token:' || t.id, t.user_id, t.expires_at, t.scopes,
      p_account = any (t.account_ids) and (u.environment = 'paper' or not t.paper_only), u.is_active
    from private.api_tokens t left join app.user_accounts u on u.id = p_account
    where t.digest = sha256(convert_to(p_token, 'UTF8'))
      and t.revoked_at is null and t.expires_at > now() and not t.user_disabled;
end;
