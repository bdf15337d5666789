-- Records that the broker refused these credentials, unless they were replaced
-- meanwhile, and appends an event the first time. The event is written here and
-- not by append_event, because a request that may only read can meet the
-- refusal too.
create or replace function private.mark_credentials_rejected(p_generation bigint) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.account_id();
  next_seq bigint;
begin
  if account is null then
    raise exception 'noting a refusal needs an admission' using errcode = '42501';
  end if;
  perform private.lock_event_log();
  update private.user_credentials c set rejected_at = now()
    where c.account_id = account and c.generation = p_generation and c.rejected_at is null;
  if not found then
    return false;
  end if;
  update app.event_heads h set last_seq = h.last_seq + 1
    where h.account_id = account returning h.last_seq into next_seq;
  insert into app.account_events (account_id, seq, kind, data)
    values (account, next_seq, 'credentials', '{"state": "needs_credentials"}');
  perform private.audit(account, 'credentials.rejected');
  return true;
end
$$;
