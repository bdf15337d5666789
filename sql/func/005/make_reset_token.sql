-- Keeps a token with which the user of an email address may set a new password until
-- p_expires, and returns the user's id; NULL where nobody has the address, and then
-- nothing is kept. p_identifier is what auth.verification has for the token, a digest,
-- by which nobody finds the token. Rows that expired more than a day ago are deleted.
create or replace function private.make_reset_token(p_email text, p_identifier text, p_expires timestamptz) returns text
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := (select u.id from auth."user" u where u.email = p_email);
begin
  delete from auth.verification v where v."expiresAt" < clock_timestamp() - interval '1 day';
  if who is null then
    return null;
  end if;
  insert into auth.verification (id, identifier, value, "expiresAt") values (gen_random_uuid()::text, p_identifier, who, p_expires);
  -- Anybody can ask sign-in for it, whoever has the address.
  perform private.audit(null, 'password.reset_token', p_user => who,
    p_kind => case when session_user = 'paddock_auth' then 'nobody' end);
  return who;
end
$$;
