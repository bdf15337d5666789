-- Rings the doorbell: sends a NOTIFY, and reports whether it did. The payload
-- has the last 32 bits of the id of each account that has news, of as many as fit
-- into 8,000 bytes: for more there is another NOTIFY. It is empty if no accounts
-- are given: then listeners check all followers. It carries no data, which readers
-- get through their admission.
--
-- Call it in a transaction of its own, with synchronous_commit off, and nowhere
-- else but in ring_for_others, which says why it may. NOTIFY fails at the commit if
-- the server's queue is full, and waits there for a lock that all databases of the
-- server share; any login can cause both. So no other function and no other trigger
-- may call this, and nothing else may NOTIFY: events that nobody was notified of
-- are found by the listeners' timer.
--
-- If the queue is half full, some session listens and does not read. More
-- notifications would only fill it further.
create or replace function private.notify_events(p_accounts uuid[] default null) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if pg_notification_queue_usage() >= 0.5 then
    return false;
  end if;
  perform pg_notify(d.channel, r.names)
    from private.doorbell d, (
      select string_agg(right(a.id::text, 8), '') as names
        from (select id, (row_number() over () - 1) / 900 as part from unnest(p_accounts) id) a group by a.part
      union all select '' where coalesce(cardinality(p_accounts), 0) = 0) r
    where r.names is not null;
  return true;
end
$$;
