-- Records that an instance of the server lives, for p_ttl from now, and how many
-- accounts it can stream. It writes nothing while most of the last sign's time is
-- left.
create or replace function private.give_sign(p_holder uuid, p_ttl interval, p_max integer) returns void
volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off
language plpgsql as $$
declare
  known boolean := exists (select from private.stream_instances i where i.holder = p_holder and i.most = p_max);
  newest record;
begin
  select s.number, s.given_at, s.lasts into newest from private.signs_of_life s
    where s.holder = p_holder order by s.number desc limit 1;
  if known and newest.lasts = p_ttl and clock_timestamp() between newest.given_at and newest.given_at + p_ttl * 0.25 then
    return;
  end if;
  if not known then
    insert into private.stream_instances as i (holder, most) values (p_holder, p_max)
      on conflict (holder) do update set most = excluded.most;
  end if;
  insert into private.signs_of_life (holder, lasts) values (p_holder, p_ttl);
  delete from private.signs_of_life s where s.holder = p_holder and s.number = newest.number;
end
$$;
