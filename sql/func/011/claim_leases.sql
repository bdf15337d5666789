-- Records that the holder is alive, renews its leases, takes free ones until it
-- has its share, and returns all that it then holds, with what a stream needs
-- to begin. generation grows when keys are replaced. unresolved says that the
-- broker's answer to some order has been missing for 3 s. silent_since is when
-- the open order that has been silent for longest was last heard of, and sync
-- the number of a reconciliation that somebody waits for; both may be null.
-- surplus marks the leases that the holder should give back after it has ended
-- their streams. p_max is how many streams it has at most: of more accounts than
-- all instances can stream it holds its part, without streams.
--
-- An account without working keys has no stream. If the answer to one of its
-- orders is missing it is leased all the same, since somebody must find out
-- what became of the order.
--
-- Nothing here waits for a transaction of another instance: rows that are
-- locked are left for the next call, and renewing does not conflict with the
-- lock that a writer has on its lease.
--
-- It runs every second or two with thousands of accounts. So orders are found
-- for all of them in one pass over partial indexes, never by reading the table,
-- and JIT compilation is off. Its plans are kept from the first call on, when
-- there may be no lease yet: nested loops are cheap then, and would take seconds
-- later.
create or replace function private.claim_leases(p_holder uuid, p_ttl interval, p_max integer)
returns table (account_id uuid, environment text, fence bigint, generation bigint, last_event_id text, unresolved boolean,
  stream_mode text, silent_since timestamptz, sync bigint, surplus boolean)
volatile security definer set search_path = pg_catalog, pg_temp
  set enable_seqscan = off set enable_nestloop = off set jit = off
language plpgsql as $$
#variable_conflict use_column
declare
  wanted integer;
  share integer;
  held integer;
  free integer;
  gives integer := 0;
  mine uuid[];
begin
  insert into private.stream_instances as i (holder, live_until, most)
    values (p_holder, clock_timestamp() + p_ttl, p_max)
    on conflict (holder) do update set live_until = excluded.live_until, most = excluded.most;
  delete from private.stream_instances i
    where i.holder in (
      select d.holder from private.stream_instances d where d.live_until < clock_timestamp() - p_ttl for update skip locked);

  -- Not at each call, and early enough in case the next call is late.
  update app.stream_leases l set expires_at = clock_timestamp() + p_ttl
    where l.account_id in (
      select r.account_id from app.stream_leases r
        where r.holder = p_holder and r.expires_at between clock_timestamp() and clock_timestamp() + p_ttl * 0.75
        for no key update skip locked);

  -- They expire and are not deleted, since a new row's fence would begin at 1 again.
  update app.stream_leases l set expires_at = '-infinity'
    where l.account_id in (
      select r.account_id from app.stream_leases r
        where r.holder = p_holder and r.expires_at > clock_timestamp()
          and not exists (select from private.user_credentials c where c.account_id = r.account_id and c.rejected_at is null)
          and not exists (select from app.alpaca_orders o where o.account_id = r.account_id and o.intent_state = 'submitting')
        for no key update skip locked);

  select count(*) into wanted from (
    select c.account_id from private.user_credentials c where c.rejected_at is null
    union
    select o.account_id from app.alpaca_orders o where o.intent_state = 'submitting') w;
  share := private.lease_share(wanted, p_max);
  select count(*) into held from app.stream_leases l where l.holder = p_holder and l.expires_at > clock_timestamp();
  free := share - held;
  if free > 0 then
    with wanted as (
      select c.account_id from private.user_credentials c where c.rejected_at is null
      union
      select o.account_id from app.alpaca_orders o where o.intent_state = 'submitting'
    ), new as (
      insert into app.stream_leases as l (account_id, holder, fence, expires_at)
        select w.account_id, p_holder, 1, clock_timestamp() + p_ttl
          from wanted w
          where not exists (select from app.stream_leases h where h.account_id = w.account_id)
          order by w.account_id
          limit free
        on conflict (account_id) do nothing
        returning l.account_id
    ), expired as (
      select h.account_id from app.stream_leases h
        where h.expires_at <= clock_timestamp() and h.account_id in (select w.account_id from wanted w)
        order by h.account_id
        limit free - (select count(*) from new)
        for update skip locked
    )
    update app.stream_leases l
      set holder = p_holder, fence = l.fence + 1, expires_at = clock_timestamp() + p_ttl
      from expired e
      where l.account_id = e.account_id;
  elsif held > share + greatest(1, share / 10) then
    -- Only who has clearly more than its share gives leases back, or else two
    -- instances would pass accounts to and fro. It gives a few at a time, so that an
    -- instance that has just started is not overwhelmed.
    gives := least(held - share, greatest(2, held / 20));
  end if;

  mine := array(select l.account_id from app.stream_leases l where l.holder = p_holder and l.expires_at > clock_timestamp());
  return query
    select l.account_id, u.environment, l.fence, coalesce(c.generation, 0), s.last_event_id, lost.account_id is not null,
      u.stream_mode, open.silent_since, y.asked,
      -- The same ones at each call, while their streams end.
      row_number() over (order by l.account_id desc) <= gives
    from app.stream_leases l
    join app.user_accounts u on u.id = l.account_id
    left join private.user_credentials c on c.account_id = l.account_id
    left join app.stream_cursors s on s.account_id = l.account_id
    left join (
      select o.account_id from app.alpaca_orders o
        where o.account_id = any (mine) and o.intent_state = 'submitting' and o.created_at < clock_timestamp() - interval '3 seconds'
        group by o.account_id) lost on lost.account_id = l.account_id
    left join (
      select o.account_id, min(o.updated_at) as silent_since from app.alpaca_orders o
        where o.account_id = any (mine) and o.is_open and o.alpaca_order_id is not null
        group by o.account_id) open on open.account_id = l.account_id
    left join app.syncs y on y.account_id = l.account_id and y.asked > y.answered
      and y.asked_at > clock_timestamp() - interval '1 minute'
    where l.holder = p_holder and l.expires_at > clock_timestamp();
end
$$;
