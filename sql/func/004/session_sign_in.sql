-- The part of private.sign_in that is for sessions.
--
-- Its body becomes a part of the statement that calls it. Only the doors do.
create or replace function private.session_sign_in(p_token text)
returns table (id text, user_id text, expires_at timestamptz, scopes text[], reaches boolean)
stable parallel restricted
language sql
begin atomic
  select s.id, s."userId", s."expiresAt", null::text[], true
    from auth.session s where s.token = p_token and s."expiresAt" > now();
end;
