-- Has River look at every leader of whom copies are to be made: River's row was lost, or who
-- worked on it died. Returns how many looks that are.
create or replace function private.wake_due_copies() returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  leader uuid;
  woken integer := 0;
begin
  for leader in select distinct d.leader_id from private.due_copies d order by 1 loop
    perform private.wake_copies(leader);
    woken := woken + 1;
  end loop;
  return woken;
end
$$;
