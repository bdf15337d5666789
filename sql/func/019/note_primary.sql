-- Gives the run of this primary an id, if it has none yet: after its start, and
-- after a promotion. Reports whether it did. Any number of instances may call it.
create or replace function private.note_primary() returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into private.primary_run as r (run, timeline, started_at)
    values (gen_random_uuid(), private.log_timeline(), pg_postmaster_start_time())
    on conflict (is_only) do update set run = excluded.run, timeline = excluded.timeline, started_at = excluded.started_at
      where (r.timeline, r.started_at) is distinct from (excluded.timeline, excluded.started_at);
  return found;
end
$$;
