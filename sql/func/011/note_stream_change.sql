-- Trigger: counts a change of which accounts are to be held, or how. It runs as
-- the last step before the commit. Whoever looks in between sees the count and not
-- the change, and so looks once more.
create or replace function private.note_stream_change() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform nextval('private.stream_changes');
  return null;
end
$$;
