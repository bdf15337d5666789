-- Returns the parts into which a block order is divided, in the order in which it names its
-- accounts: by the method
--
--   equal            alike
--   ratio            by the ratio that each account is given
--   net_liquidation  by what each account's equity is; one of 0 or less gets nothing
--   percent          each account this percentage of its equity, rounded down, whatever the
--                    others get: in dollars, or where the order has a limit price as many
--                    as that buys
--
-- Equity is the last that was read of Alpaca, a minute ago at most. Only definer functions
-- call it, who have made sure that whoever asks may trade on each of the accounts.
--
-- PD473: the equity of accounts, which the detail has, is not known. PD474: the block order
-- cannot be divided; the detail says why.
create or replace function private.split_block_order(p_request jsonb)
returns table (place bigint, account_id uuid, sleeve_id uuid, weight numeric, equity numeric, unit numeric, amount numeric)
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  terms jsonb := p_request->'order';
  method text := p_request->'allocation'->>'method';
  by_equity boolean := method in ('net_liquidation', 'percent');
  in_dollars boolean := terms ? 'notional' or method = 'percent' and not terms ? 'limit_price';
  unit numeric := case when in_dollars then 0.01 when (p_request->'allocation'->>'fractions')::boolean then 0.000000001 else 1 end;
  price numeric := case when in_dollars then 1 else (terms->>'limit_price')::numeric
    * case when app.asset_class(jsonb_populate_record(null::app.alpaca_orders, jsonb_build_object('symbol', terms->'symbol'))) = 'us_option' then 100 else 1 end end;
  places bigint[];
  accounts uuid[];
  sleeves uuid[];
  given numeric[];
  equities numeric[];
  unknown text;
  amounts numeric[];
begin
  select array_agg(n order by n), array_agg((a->>'account_id')::uuid order by n), array_agg((a->>'sleeve_id')::uuid order by n),
      array_agg(case method when 'equal' then 1 when 'ratio' then (a->>'ratio')::numeric when 'percent' then (a->>'percent')::numeric end order by n)
    into places, accounts, sleeves, given
    from jsonb_array_elements(p_request->'accounts') with ordinality e (a, n);
  if method is null or method not in ('equal', 'ratio', 'net_liquidation', 'percent') then
    raise exception 'there is no such method' using errcode = 'PD474', detail = 'The method must be equal, ratio, net_liquidation or percent.';
  end if;
  if coalesce(cardinality(accounts), 0) not between 1 and 100 or array_position(accounts, null) is not null
     or cardinality(accounts) <> (select count(distinct a) from unnest(accounts) a) then
    raise exception 'the accounts are not 1 to 100, each once' using errcode = 'PD474', detail = 'Name 1 to 100 accounts, each once.';
  end if;
  if method in ('ratio', 'percent') and exists (select from unnest(given) w where w is null or not (w > 0 and w < 1e18) or method = 'percent' and w > 100) then
    raise exception 'a weight is not one that it can be' using errcode = 'PD474', detail = 'Each ratio must be above 0, and each percentage above 0 and at most 100.';
  end if;
  if by_equity then
    select array_agg(b.equity order by e.n), string_agg(e.id::text, ', ' order by e.n) filter (where b.equity is null)
      into equities, unknown
      from unnest(accounts) with ordinality e (id, n)
      left join app.account_balances b on b.account_id = e.id
        and b.as_of between clock_timestamp() - interval '1 minute' and clock_timestamp();
    if unknown is not null then
      raise exception 'what an account is worth is not known' using errcode = 'PD473', detail = unknown;
    end if;
  end if;
  if method = 'percent' then
    if not (price > 0 and price < 1e400) then
      raise exception 'there is no price to divide by' using errcode = 'PD474', detail = 'A percentage needs a limit price above 0, or none.';
    end if;
    amounts := array(select greatest(div(q.equity * q.w, 100 * price * unit), 0) * unit from unnest(equities, given) with ordinality q (equity, w, n) order by q.n);
  else
    amounts := app.allocate((terms->>case when in_dollars then 'notional' else 'qty' end)::numeric,
      case when by_equity then array(select greatest(q.equity, 0) from unnest(equities) with ordinality q (equity, n) order by q.n) else given end, unit);
  end if;
  return query select p.place, p.account, p.sleeve, case when by_equity and method <> 'percent' then null else p.weight end, p.equity, unit, p.amount
    from unnest(places, accounts, sleeves, given, coalesce(equities, array_fill(null::numeric, array[cardinality(accounts)])), amounts)
      p (place, account, sleeve, weight, equity, amount);
end
$$;
