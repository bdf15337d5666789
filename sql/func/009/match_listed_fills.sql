-- Returns which of an order's fills are which of the executions that the broker's list
-- of activities has of it, by the ids of both. The stream has other ids than the list,
-- and many of the list's end in the stream's. Those that do not are of the same quantity
-- and price, and the nearest in time: of several that are alike, the stream may have told
-- the last alone. No fill is matched twice.
create or replace function app.match_listed_fills(p_account uuid, p_order uuid, p_activities jsonb)
  returns table (activity_id text, execution_id text)
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  sure text[][];       -- pairs of ids that belong together
  alike record;        -- what is left of one quantity and price, in the order of time
  few_at numeric[];    -- the times of the shorter of the two lists, in seconds
  many_at numeric[];
  swapped boolean;     -- the list of activities is the longer one
  nearest integer;
  from_here integer;
begin
  select array_agg(array[a->>'id', f.execution_id]) into sure
    from jsonb_array_elements(p_activities) a
    join app.fills f on f.execution_id in (a->>'id', split_part(a->>'id', '::', 2))
      and f.qty = (a->>'qty')::numeric and f.price = (a->>'price')::numeric
    where f.account_id = p_account and f.order_id = p_order and f.state = 'live';
  return query select sure[i][1], sure[i][2] from generate_subscripts(sure, 1) i;

  for alike in
    with listed as (
      select (a->>'qty')::numeric as qty, (a->>'price')::numeric as price,
        array_agg(a->>'id' order by t.at, a->>'id') as ids, array_agg(t.at order by t.at, a->>'id') as at
      from jsonb_array_elements(p_activities) a
      cross join lateral (select extract(epoch from (a->>'transaction_time')::timestamptz) as at) t
      where a->>'id' <> all (coalesce(sure[:][1:1], '{}'))
      group by 1, 2
    ), known as (
      select f.qty, f.price, array_agg(f.execution_id order by f.at, f.execution_id) as ids,
        array_agg(extract(epoch from f.at) order by f.at, f.execution_id) as at
      from app.fills f
      where f.account_id = p_account and f.order_id = p_order and f.state = 'live' and f.execution_id <> all (coalesce(sure[:][2:2], '{}'))
      group by 1, 2
    )
    select l.ids as listed_ids, l.at as listed_at, k.ids as known_ids, k.at as known_at
      from listed l join known k on k.qty = l.qty and k.price = l.price
  loop
    swapped := cardinality(alike.listed_ids) > cardinality(alike.known_ids);
    few_at := case when swapped then alike.known_at else alike.listed_at end;
    many_at := case when swapped then alike.listed_at else alike.known_at end;
    nearest := 0;
    for i in 1 .. cardinality(few_at) loop
      from_here := nearest + 1;
      nearest := from_here;
      -- Those that are left must suffice for the ones after this.
      for j in from_here + 1 .. cardinality(many_at) - cardinality(few_at) + i loop
        exit when abs(many_at[j] - few_at[i]) > abs(many_at[nearest] - few_at[i]);
        if abs(many_at[j] - few_at[i]) < abs(many_at[nearest] - few_at[i]) then
          nearest := j;
        end if;
      end loop;
      activity_id := alike.listed_ids[case when swapped then nearest else i end];
      execution_id := alike.known_ids[case when swapped then i else nearest end];
      return next;
    end loop;
  end loop;
end
$$;
