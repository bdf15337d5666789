-- Says of each account up to which event its log will no longer be kept: what
-- is in partitions that are older than the retention. Readers are told so from
-- then on, before maintain_event_partitions drops anything, and in a transaction
-- of its own: it holds the logs' locks. Answers how many accounts were told.
create or replace function private.mark_expired_events() returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  bound timestamptz;
  told integer := 0;
begin
  select date_trunc('month', (clock_timestamp() - r.keep) at time zone 'UTC') at time zone 'UTC' into bound
    from private.event_retention r;
  with old as (
    select h.account_id, o.seq
      from app.event_heads h
      cross join lateral (
        select e.seq from app.account_events e
          where e.account_id = h.account_id and e.at < bound
          order by e.seq desc limit 1) o
      where o.seq > h.dropped_seq
      order by h.account_id
      for no key update of h
  )
  update app.event_heads h set dropped_seq = old.seq from old where h.account_id = old.account_id;
  get diagnostics told = row_count;
  update private.event_retention r set expired_before = bound where r.expired_before < bound;
  return told;
end
$$;
