-- Trigger: when a user's password or email address changes, deletes the tokens with
-- which they may set a new password, whoever changes it. A link that was mailed
-- before may have been read by the one against whom the change is made, or have gone
-- to an address that is the user's no more.
create or replace function private.forget_tokens() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  delete from auth.verification v where v.value = coalesce(to_jsonb(new)->>'userId', to_jsonb(new)->>'id');
  return null;
end
$$;
