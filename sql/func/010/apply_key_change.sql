-- Trigger: puts the mirror in doubt when keys are stored, replaced, deleted or
-- refused, because no stream followed the account meanwhile. A running wind-down
-- can do nothing without working keys, so it becomes stuck, and an event says
-- so; once the account has working keys again, it goes on. The event is written
-- here and not by append_event, because an operator deletes keys without an
-- admission.
create or replace function private.apply_key_change() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  ended app.wind_downs;
  next_seq bigint;
  now_at timestamptz;
begin
  update app.stream_cursors c set doubts = c.doubts + 1
    where c.account_id = case tg_op when 'DELETE' then old.account_id else new.account_id end;
  if tg_op <> 'DELETE' and new.rejected_at is null then
    update app.wind_downs w set state = 'running', needs_keys = false, message = null, ended_at = null, updated_at = clock_timestamp()
      where w.account_id = new.account_id and w.state = 'stuck' and w.needs_keys and w.asked_at > clock_timestamp() - interval '1 day'
        and (w.repair_symbol is not null
          or w.asked_at = (select max(l.asked_at) from app.wind_downs l where l.account_id = new.account_id and l.repair_symbol is null));
    return null;
  end if;
  for ended in
    update app.wind_downs w set state = 'stuck', needs_keys = true, ended_at = clock_timestamp(), updated_at = clock_timestamp(),
        message = 'This account has no working API keys any more, so nothing can be canceled or closed from here. Store its keys, or do it at Alpaca.'
      where w.account_id = old.account_id and w.state = 'running'
      returning w.*
  loop
    update app.event_heads h set last_seq = h.last_seq + 1, last_at = clock_timestamp()
      where h.account_id = old.account_id returning h.last_seq, h.last_at into next_seq, now_at;
    insert into app.account_events (account_id, seq, kind, at, data)
      values (old.account_id, next_seq, 'guard', now_at, jsonb_build_object('event', 'wind_down', 'wind_down', app.wind_down_json(ended)));
  end loop;
  return null;
end
$$;
