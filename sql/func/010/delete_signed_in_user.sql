-- Deletes the user of a session, for sign-in, as delete_user does, and returns NULL; or
-- how many open orders keep them from being deleted, and then nothing is changed.
-- These always do here: only an operator can leave them at the broker. Of the accounts
-- it tells nothing else, because the login of sign-in can read every session's token,
-- and no tenant. p_origin is as in admit, by which the audit knows that it was the user
-- and with which session and request.
--
-- PD401: there is no such session, or it has expired.
create or replace function private.delete_signed_in_user(p_token text, p_origin text) returns bigint
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  kept jsonb := private.delete_user(private.admit(p_token, null, p_origin), 'refuse');
begin
  return (select sum(jsonb_array_length(k->'orders')) from jsonb_array_elements(kept) k);
end
$$;
