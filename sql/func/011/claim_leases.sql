-- Records that the holder lives, takes free leases until it has its share, and
-- returns all that it then holds, with what a stream needs to begin. A lease is
-- free that nobody holds, or whose holder lives no more. generation grows when keys
-- are replaced. silent_since is when the open order that has been silent for longest
-- was last heard of; it may be null. surplus marks the leases that the holder should
-- give back after it has ended their streams. p_max is how many streams it has at
-- most: of more accounts than all instances can stream it holds its part, without
-- streams.
--
-- An account without working keys has no stream. If the answer to one of its
-- orders is missing it is leased all the same, since somebody must find out
-- what became of the order.
--
-- Nothing here waits for a transaction of another instance: rows that are
-- locked are left for the next call. A writer locks its lease (admit_worker), and
-- who takes a lease over locks it against that.
--
-- It looks at all accounts, and so runs seldom: every few seconds, and when
-- renew_leases says that something has changed. Orders are found for all of them
-- in one pass over partial indexes, never by reading the table, and JIT compilation
-- is off. Its plans are kept from the first call on, when there may be no lease
-- yet: nested loops are cheap then, and would take seconds later.
create or replace function private.claim_leases(p_holder uuid, p_ttl interval, p_max integer)
returns table (account_id uuid, environment text, fence bigint, generation bigint, last_event_id text,
  stream_mode text, silent_since timestamptz, surplus boolean)
volatile security definer set search_path = pg_catalog, pg_temp
  set enable_seqscan = off set enable_nestloop = off
language plpgsql as $$
#variable_conflict use_column
declare
  live uuid[];
  wanted integer;
  share integer;
  held integer;
  free integer;
  gives integer := 0;
  mine uuid[];
begin
  perform private.give_sign(p_holder, p_ttl, p_max);
  live := array(select i.holder from private.live_instances() i);
  perform private.forget_instances();

  -- They are given back and not deleted, since a new row's fence would begin at 1
  -- again.
  update app.stream_leases l set holder = null
    where l.account_id in (
      select r.account_id from app.stream_leases r
        where r.holder = p_holder
          and not exists (select from private.user_credentials c where c.account_id = r.account_id and c.rejected_at is null)
          and not exists (select from app.alpaca_orders o where o.account_id = r.account_id and o.intent_state = 'submitting')
        for no key update skip locked);

  select count(*) into wanted from (
    select c.account_id from private.user_credentials c where c.rejected_at is null
    union
    select o.account_id from app.alpaca_orders o where o.intent_state = 'submitting') w;
  share := private.lease_share(wanted, p_max);
  select count(*) into held from app.stream_leases l where l.holder = p_holder;
  free := share - held;
  if free > 0 then
    with wanted as (
      select c.account_id from private.user_credentials c where c.rejected_at is null
      union
      select o.account_id from app.alpaca_orders o where o.intent_state = 'submitting'
    ), new as (
      insert into app.stream_leases as l (account_id, holder, fence)
        select w.account_id, p_holder, 1
          from wanted w
          where not exists (select from app.stream_leases h where h.account_id = w.account_id)
          order by w.account_id
          limit free
        on conflict (account_id) do nothing
        returning l.account_id
    ), left_alone as (
      select h.account_id from app.stream_leases h
        where (h.holder is null or h.holder <> all (live)) and h.account_id in (select w.account_id from wanted w)
        order by h.account_id
        limit free - (select count(*) from new)
        for update skip locked
    )
    update app.stream_leases l
      set holder = p_holder, fence = l.fence + 1
      from left_alone e
      where l.account_id = e.account_id;
  elsif held > share + greatest(1, share / 10) then
    -- Only who has clearly more than its share gives leases back, or else two
    -- instances would pass accounts to and fro. It gives a few at a time, so that an
    -- instance that has just started is not overwhelmed.
    gives := least(held - share, greatest(2, held / 20));
  end if;

  mine := array(select l.account_id from app.stream_leases l where l.holder = p_holder);
  return query
    select l.account_id, u.environment, l.fence, coalesce(c.generation, 0), s.last_event_id, u.stream_mode, open.silent_since,
      -- The same ones at each call, while their streams end.
      row_number() over (order by l.account_id desc) <= gives
    from app.stream_leases l
    join app.user_accounts u on u.id = l.account_id
    left join private.user_credentials c on c.account_id = l.account_id
    left join app.stream_cursors s on s.account_id = l.account_id
    left join (
      select o.account_id, min(o.updated_at) as silent_since from app.alpaca_orders o
        where o.account_id = any (mine) and o.is_open and o.alpaca_order_id is not null
        group by o.account_id) open on open.account_id = l.account_id
    where l.holder = p_holder;
end
$$;
