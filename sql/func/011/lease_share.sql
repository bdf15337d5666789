-- Returns how many of the wanted accounts each live instance may hold: the
-- least number with which all accounts find a place and no instance exceeds its
-- own maximum. With equal maxima that is wanted / instances, rounded up. If
-- there is not room for all it is the largest maximum.
create or replace function private.lease_share(p_wanted bigint) returns integer
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  with live as (
    select i.most,
        -- Instances with a smaller maximum are full, and the others share what remains.
        ceil((p_wanted - coalesce(sum(i.most) over (w rows between unbounded preceding and 1 preceding), 0))::numeric
          / (count(*) over () - row_number() over w + 1))::integer as share,
        row_number() over w as nth
      from private.stream_instances i where i.live_until > clock_timestamp()
      window w as (order by i.most, i.holder)
  )
  select coalesce(
    (select l.share from live l where l.share <= l.most order by l.nth limit 1),
    (select max(l.most) from live l), 0)
$$;
