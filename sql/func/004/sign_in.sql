-- Returns who a token signs in: a session's, or an API token, which begins with pdk_.
-- There is one row, or none where the token is not known, is over, was revoked, or is
-- of a user whom an operator has disabled.
--
--   id       what the audit calls it: the session's id, or token: and the API token's
--   scopes   what an API token does at most; null for a session
--   reaches  whether the token reaches the account p_account, as far as the token goes: its
--            user's grant decides as well. A session reaches every account.
--
-- An admission asks only the one of its two parts that its token can be of: to begin with
-- the other one costs as much as to find something with it.
--
-- Its body becomes a part of the statement that calls it. Only the doors do.
create or replace function private.sign_in(p_token text, p_account uuid)
returns table (id text, user_id text, expires_at timestamptz, scopes text[], reaches boolean)
stable parallel restricted
language sql
begin atomic
  select s.id, s.user_id, s.expires_at, s.scopes, s.reaches from private.session_sign_in(p_token) s
  union all
  select t.id, t.user_id, t.expires_at, t.scopes, t.reaches from private.token_sign_in(p_token, p_account) t
    where starts_with(p_token, 'pdk_');
end;
