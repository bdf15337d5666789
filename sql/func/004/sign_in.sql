-- Returns who a token signs in: a session's, or an API token, which begins with pdk_.
-- There is one row, or none where the token is not known, is over, was revoked, or is
-- of a user whom an operator has disabled.
--
--   id       what the audit calls it: the session's id, or token: and the API token's
--   scopes   what an API token does at most; null for a session
--   reaches  whether the token reaches the account p_account, as far as the token goes: its
--            user's grant decides as well. A session reaches every account.
--
-- Its body becomes a part of the statement that calls it. Only the doors do.
create or replace function private.sign_in(p_token text, p_account uuid)
returns table (id text, user_id text, expires_at timestamptz, scopes text[], reaches boolean)
stable parallel restricted
language sql
begin atomic
  select s.id, s."userId", s."expiresAt", null::text[], true
    from auth.session s where s.token = p_token and s."expiresAt" > now()
  union all
  select 'token:' || t.id, t.user_id, t.expires_at, t.scopes,
      exists (select from private.token_accounts a join app.user_accounts u on u.id = a.account_id
        where a.account_id = p_account and a.token_id = t.id and (u.environment = 'paper' or not t.paper_only))
    from private.api_tokens t
    where starts_with(p_token, 'pdk_') and t.digest = sha256(convert_to(p_token, 'UTF8'))
      and t.revoked_at is null and t.expires_at > now()
      and not exists (select from auth.disabled_users d where d.user_id = t.user_id);
end;
