-- Records how far a webhook came that p_holder has claimed, and gives it back. p_error is null where all that was sent was taken: then the next try is at
-- once. Otherwise it waits, twice as long each time, from two seconds to an hour; and is
-- switched off once nothing was taken for p_give_up. Reports whether the claim was its
-- holder's.
create or replace function private.end_delivery(p_account uuid, p_webhook uuid, p_holder uuid, p_seq bigint, p_status integer, p_error text,
  p_give_up interval) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  hook app.webhooks;
  at timestamptz := clock_timestamp();
begin
  perform from app.event_heads h where h.account_id = p_account for update;
  update app.webhooks w set
      last_seq = greatest(w.last_seq, p_seq),
      delivered_at = case when p_seq > w.last_seq and p_status is not null then at else w.delivered_at end,
      last_status = coalesce(p_status, case when p_error is null then w.last_status end),
      last_error = left(p_error, 200),
      tries = case when p_error is null then 0 when p_seq > w.last_seq then 1 else w.tries + 1 end,
      failing_since = case when p_error is null then null when p_seq > w.last_seq then at else coalesce(w.failing_since, at) end,
      due_at = case when p_error is null then at
        else at + least(interval '1 hour', interval '1 second' * 2 ^ least(12, 1 + case when p_seq > w.last_seq then 0 else w.tries end)) end,
      holder = null, live_until = null
    where w.account_id = p_account and w.id = p_webhook and w.holder = p_holder
    returning w.* into hook;
  if not found then
    return false;
  end if;
  if hook.failing_since < at - p_give_up then
    perform private.turn_webhook_off(p_account, p_webhook, 'failing');
  end if;
  return true;
end
$$;
