-- Has River look at every webhook that is due, has events to send, and that nobody works
-- on. Returns how many looks that are. One look waits for each webhook.
create or replace function private.wake_webhooks() returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  woken integer;
begin
  insert into jobs.river_job (state, max_attempts, scheduled_at, args, kind, queue, unique_key, unique_states)
    select 'available', 1, clock_timestamp(), jsonb_build_object('account_id', w.account_id, 'webhook_id', w.id), 'webhook', 'webhooks',
        sha256(convert_to('webhook ' || w.id, 'UTF8')), B'10110001'
      from app.webhooks w join app.event_heads h on h.account_id = w.account_id and h.last_seq > w.last_seq
      where w.state = 'on' and w.due_at <= clock_timestamp() and coalesce(w.live_until, '-infinity') <= clock_timestamp()
      order by w.id
    on conflict (unique_key)
      where unique_key is not null and unique_states is not null and jobs.river_job_state_in_bitmask(unique_states, state)
      do nothing;
  get diagnostics woken = row_count;
  return woken;
end
$$;
