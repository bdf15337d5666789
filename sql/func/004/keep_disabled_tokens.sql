-- Trigger: keeps in the row of each API token of a user whether an operator has disabled
-- them, so that an admission reads one row.
create or replace function private.keep_disabled_tokens() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update private.api_tokens t set user_disabled = tg_op = 'INSERT'
    where t.user_id = case tg_op when 'INSERT' then new.user_id else old.user_id end;
  return null;
end
$$;
