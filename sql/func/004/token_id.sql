-- Returns the API token by which this transaction was admitted, or by which the job was
-- asked for that it carries out; null for a session and for the worker.
create or replace function private.token_id() returns uuid
stable parallel restricted security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  door text := split_part(private.check_seal(), '.', 2);
  who text;
begin
  if door is null or door = 'W' then
    return null;
  end if;
  -- The seal covers app.origin, and no session's id begins so (auth.session).
  who := split_part(current_setting('app.origin', true), ' ', 1);
  return case when starts_with(who, 'token:') then substr(who, 7)::uuid end;
end
$$;
