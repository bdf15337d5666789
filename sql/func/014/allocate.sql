-- Divides p_total by weights into parts, each a multiple of p_unit, and returns them in the
-- order of the weights. Together they are exactly p_total: each is what its weight gives,
-- rounded down, and the units that are left go one each to the largest remainders, of equal
-- ones to the first. All of it is computed in whole numbers, so that nothing is rounded
-- twice.
--
-- PD474: the total is not above 0 or no multiple of p_unit, or a weight is negative or no
-- number, or all are 0; the detail says which.
create or replace function app.allocate(p_total numeric, p_weights numeric[], p_unit numeric) returns numeric[]
immutable parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  weights numeric;
  units numeric;
  parts numeric[];
begin
  if p_total is null or not (p_total > 0 and p_total < 1e400 and p_unit > 0) or mod(p_total, p_unit) <> 0 then
    raise exception 'this cannot be divided' using errcode = 'PD474',
      detail = format('The total must be above 0 and a multiple of %s.', trim_scale(p_unit));
  end if;
  if exists (select from unnest(p_weights) w where w is null or not (w >= 0 and w < 1e400)) then
    raise exception 'a weight is no number from 0' using errcode = 'PD474', detail = 'Each weight must be a number from 0.';
  end if;
  select sum(w) into weights from unnest(p_weights) w;
  if weights is null or weights = 0 then
    raise exception 'all weights are 0' using errcode = 'PD474', detail = 'No account has a share: all weights are 0.';
  end if;
  units := div(p_total, p_unit);
  with shares as (
    select n, div(units * w, weights) as whole, mod(units * w, weights) as rest from unnest(p_weights) with ordinality t (w, n)
  ), ranked as (
    select n, whole, row_number() over (order by rest desc, n) as place, sum(whole) over () as given from shares
  )
  select array_agg((whole + case when place <= units - given then 1 else 0 end) * p_unit order by n) into parts from ranked;
  return parts;
end
$$;
