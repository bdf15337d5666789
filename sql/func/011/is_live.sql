-- Reports whether an instance of the server lives: its newest sign of life still
-- counts. Only the database's own clock is asked, which may be set back or forward
-- meanwhile: a sign counts for as long before it was given as after, so that a
-- small step back ends nothing and a large one keeps no dead instance alive.
--
-- Whatever the table's statistics say, the newest sign is read from the end of the
-- index, past none of those before it.
create or replace function private.is_live(p_holder uuid) returns boolean
stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off
language plpgsql as $$
declare
  now_at timestamptz := clock_timestamp();
  newest record;
begin
  select s.given_at, s.lasts into newest from private.signs_of_life s
    where s.holder = p_holder order by s.number desc limit 1;
  return coalesce(now_at > newest.given_at - newest.lasts and now_at < newest.given_at + newest.lasts, false);
end
$$;
