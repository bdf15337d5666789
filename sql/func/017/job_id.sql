-- Returns the job that this transaction carries out; null where it is admitted otherwise.
create or replace function private.job_id() returns uuid
stable parallel restricted set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  door text := private.check_seal();
begin
  return case when split_part(door, '.', 2) = 'J' then split_part(door, '.', 4)::uuid end;
end
$$;
