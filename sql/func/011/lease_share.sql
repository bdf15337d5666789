-- Returns how many of the wanted accounts a live instance may hold that streams
-- p_most at most: the least number with which all accounts find a place and no
-- instance exceeds its own maximum. With equal maxima that is wanted / instances,
-- rounded up. If there is not room for all, each instance holds its maximum and
-- an equal part of the rest, which it reconciles without a stream.
create or replace function private.lease_share(p_wanted bigint, p_most integer) returns integer
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  with live as (
    select i.most,
        -- Instances with a smaller maximum are full, and the others share what remains.
        ceil((p_wanted - coalesce(sum(i.most) over (w rows between unbounded preceding and 1 preceding), 0))::numeric
          / (count(*) over () - row_number() over w + 1))::integer as share,
        row_number() over w as nth
      from private.live_instances() i
      window w as (order by i.most, i.holder)
  )
  select coalesce(
    (select least(l.share, p_most) from live l where l.share <= l.most order by l.nth limit 1),
    (select p_most + ceil((p_wanted - sum(l.most))::numeric / count(*))::integer from live l having count(*) > 0), 0)
$$;
