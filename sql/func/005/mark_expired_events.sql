-- Marks the events that are older than the retention as no longer kept, by
-- raising each account's event_heads.dropped_seq, and returns the number of
-- accounts in which that changed. Readers are told so from then on;
-- maintain_event_partitions drops the events later. It runs in a transaction of
-- its own, because it holds the locks of these accounts' logs.
create or replace function private.mark_expired_events() returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  bound timestamptz;
  marked integer := 0;
begin
  select date_trunc('month', (clock_timestamp() - r.keep) at time zone 'UTC') at time zone 'UTC' into bound
    from private.event_retention r;
  with old as (
    select h.account_id, o.seq, o.at
      from app.event_heads h
      cross join lateral (
        select e.seq, e.at from app.account_events e
          where e.account_id = h.account_id and e.at < bound
          order by e.seq desc limit 1) o
      where o.seq > h.dropped_seq
      order by h.account_id
      for no key update of h
  )
  update app.event_heads h set dropped_seq = old.seq, dropped_at = old.at from old where h.account_id = old.account_id;
  get diagnostics marked = row_count;
  update private.event_retention r set expired_before = bound where r.expired_before < bound;
  return marked;
end
$$;
