-- Trigger: begins the columns of a new API token by which it is admitted. The user's row is
-- locked first, so that no token begins while the user is being disabled.
create or replace function private.begin_token() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform from auth."user" u where u.id = new.user_id for key share;
  new.account_ids := '{}';
  new.user_disabled := exists (select from auth.disabled_users d where d.user_id = new.user_id);
  return new;
end
$$;
