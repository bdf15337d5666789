-- Records how far a destination came that p_holder has claimed, and gives it back; p_apart
-- is read_delivery's. p_error is null where all that was sent was taken: then the next try
-- is at once, or after p_wait. Otherwise it waits, twice as long each time, from two seconds to an hour, and at least for p_wait; and is
-- switched off once nothing was taken for p_give_up. Reports whether the claim was its
-- holder's.
create or replace function private.end_delivery(p_account uuid, p_destination uuid, p_holder uuid, p_apart boolean, p_seq bigint, p_status integer, p_error text,
  p_wait interval, p_give_up interval) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  before app.destinations;
  came boolean;
  at timestamptz := clock_timestamp();
  wait interval := least(greatest(p_wait, interval '0'), interval '1 hour');
begin
  perform from app.event_heads h where h.account_id = p_account for update;
  select d.* into before from app.destinations d where d.account_id = p_account and d.id = p_destination and d.holder = p_holder for update;
  if not found then
    return false;
  end if;
  came := p_seq > (case when p_apart then greatest(before.last_seq, before.urgent_seq) else before.last_seq end);
  update app.destinations d set
      last_seq = case when p_apart then d.last_seq else greatest(d.last_seq, p_seq) end,
      urgent_seq = case when p_apart then greatest(d.urgent_seq, p_seq) else d.urgent_seq end,
      gathered = false,
      delivered_at = case when came and p_status is not null then at else d.delivered_at end,
      last_status = coalesce(p_status, case when p_error is null then d.last_status end),
      last_error = left(p_error, 200),
      tries = case when p_error is null then 0 when came then 1 else d.tries + 1 end,
      failing_since = case when p_error is null then null when came then at else coalesce(d.failing_since, at) end,
      due_at = at + case when p_error is null then coalesce(wait, interval '0')
        else greatest(wait, least(interval '1 hour', interval '1 second' * 2 ^ least(12, 1 + case when came then 0 else d.tries end))) end,
      holder = null, live_until = null
    where d.account_id = p_account and d.id = p_destination;
  if p_error is not null and (case when came then at else coalesce(before.failing_since, at) end) < at - p_give_up then
    perform private.turn_destination_off(p_account, p_destination, 'failing');
  end if;
  return true;
end
$$;
