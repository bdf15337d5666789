-- Trigger: puts the mirror in doubt when keys come, go, change or are refused,
-- because nobody followed the account meanwhile.
create or replace function private.keys_changed() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update app.stream_cursors c set doubts = c.doubts + 1
    where c.account_id = case tg_op when 'DELETE' then old.account_id else new.account_id end;
  return null;
end
$$;
