-- Keeps a token with which somebody may sign up with this email address until
-- p_expires. p_identifier is as in make_reset_token. The audit has that somebody was
-- invited, and not whom.
create or replace function private.make_invitation(p_email text, p_identifier text, p_expires timestamptz) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into auth.verification (id, identifier, value, "expiresAt") values (gen_random_uuid()::text, p_identifier, p_email, p_expires);
  perform private.audit(null, 'user.invite');
end
$$;
