-- Rings the doorbell: sends a NOTIFY, and reports whether it did. The payload
-- has the last 32 bits of the id of each account that has news, and is empty if
-- the accounts are not known or more than 64: then listeners check all followers.
-- It carries no data, which readers get through their admission.
--
-- Call it in a transaction of its own, with synchronous_commit off, and nowhere
-- else. NOTIFY fails at the commit if the server's queue is full, and waits
-- there for a lock that all databases of the server share; any login can cause
-- both. So no function and no trigger may call this, and nothing else may
-- NOTIFY: events that nobody was notified of are found by the listeners' timer.
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
  perform pg_notify(d.channel, case
      when cardinality(p_accounts) between 1 and 64 then
        (select string_agg(right(a::text, 8), '') from unnest(p_accounts) a)
      else '' end)
    from private.doorbell d;
  return true;
end
$$;
