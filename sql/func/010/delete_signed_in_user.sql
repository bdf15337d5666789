-- Deletes the user of a session, for sign-in, and returns what delete_user does.
-- Open orders always keep a user from being deleted here: only an operator can
-- leave them at the broker. p_origin is as in admit, by which the audit knows that
-- it was the user and with which session and request.
--
-- PD401: there is no such session, or it has expired.
create or replace function private.delete_signed_in_user(p_token text, p_origin text) returns jsonb
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return private.delete_user(private.admit(p_token, null, p_origin), 'refuse');
end
$$;
