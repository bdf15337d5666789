-- Returns the admitted user; NULL without an admission, and for the worker.
create or replace function private.user_id() returns text
stable parallel restricted security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if private.check_seal() is null then
    return null;
  end if;
  return nullif(current_setting('app.user_id', true), '');
end
$$;
