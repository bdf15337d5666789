-- Deletes the instances of the server that have been dead for longer than a sign of
-- theirs counts. One that calls again is known again.
create or replace function private.forget_instances() returns void
volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off
language plpgsql as $$
declare
  gone uuid[];
begin
  gone := array(
    select i.holder from private.stream_instances i
      where not exists (
        select from (select s.given_at, s.lasts from private.signs_of_life s where s.holder = i.holder order by s.number desc limit 1) n
          where clock_timestamp() between n.given_at - n.lasts and n.given_at + n.lasts * 2)
      for update skip locked);
  if gone <> '{}' then
    delete from private.stream_instances i where i.holder = any (gone);
    delete from private.signs_of_life s where s.holder = any (gone);
  end if;
end
$$;
