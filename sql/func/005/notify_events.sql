-- Rings the doorbell, and answers whether it did. The payload says little: the
-- last 32 bits of each account that has news, or nothing where they are not
-- known or too many: then everybody is looked at. Readers ask the log and
-- admission what it is.
--
-- It is called in a transaction of its own, with synchronous_commit off, and in
-- no other: NOTIFY fails at the commit when the server's queue is full, and
-- waits there for a lock that all databases share. Any login can bring both
-- about. No function and no trigger may call this, and nothing else may NOTIFY:
-- whatever was not rung for is found by the clock of those who listen.
--
-- Where the queue is half full somebody listens and does not read. Rings would
-- only fill it more.
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
