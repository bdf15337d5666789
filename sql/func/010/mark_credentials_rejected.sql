-- Records that the broker refused these credentials, unless they were replaced
-- meanwhile, and appends an event the first time. That takes trading away, so
-- it needs the scope "cancel"; where a request that may only read meets the
-- refusal, the holder of the account's stream notices it by itself. The event is
-- written here and not by append_event, which wants "manage" for this kind.
create or replace function private.mark_credentials_rejected(p_generation bigint) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('noting a refusal', 'cancel', 'work');
  next_seq bigint;
  now_at timestamptz;
begin
  perform private.lock_event_log();
  update private.user_credentials c set rejected_at = now()
    where c.account_id = account and c.generation = p_generation and c.rejected_at is null;
  if not found then
    return false;
  end if;
  update app.event_heads h set last_seq = h.last_seq + 1, last_at = clock_timestamp()
    where h.account_id = account returning h.last_seq, h.last_at into next_seq, now_at;
  insert into app.account_events (account_id, seq, kind, at, data)
    values (account, next_seq, 'credentials', now_at, '{"state": "needs_credentials"}');
  perform private.audit(account, 'credentials.rejected');
  return true;
end
$$;
