-- Uses up the mark of a device that a user has trusted, in place of a code, and reports
-- whether there was one. p_identifier is what auth.verification has for it, a digest.
-- Sign-in makes another mark in its place.
create or replace function private.use_trusted_device(p_user text, p_identifier text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  delete from auth.verification v
    where v.identifier = p_identifier and v.value = p_user and v."expiresAt" > clock_timestamp();
  return found and private.note_second_factor(p_user);
end
$$;
