-- Lets a session take the place of another in this transaction, as when a password is
-- changed and all sessions end: who had the old one has shown the second factor. p_token
-- is the token of the old one. Reports whether that is alive.
create or replace function private.keep_second_factor(p_token text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := (select s."userId" from auth.session s where s.token = p_token and s."expiresAt" > now());
begin
  return who is not null and private.note_second_factor(who);
end
$$;
