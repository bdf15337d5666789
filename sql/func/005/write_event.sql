-- Writes an event into an account's log and returns its number. Only other definer
-- functions call it: append_event for who is admitted, and those that end jobs.
create or replace function private.write_event(p_account uuid, p_kind text, p_data jsonb, p_broker_event_id text default null) returns bigint
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  next_seq bigint;
begin
  with head as (
    insert into app.event_heads as h (account_id, last_seq, last_at) values (p_account, 1, clock_timestamp())
      on conflict (account_id) do update set last_seq = h.last_seq + 1, last_at = clock_timestamp()
      returning h.last_seq, h.last_at)
  insert into app.account_events (account_id, seq, kind, broker_event_id, at, data)
    select p_account, h.last_seq, p_kind, p_broker_event_id, h.last_at, p_data from head h
    returning seq into next_seq;
  return next_seq;
end
$$;
