-- Makes the next copy of a leader's orders: asks, as the follower's user, by the API token of
-- their consent, for an order on the follower's account, for a replacement or for a
-- cancellation, as a job that is sent like others; or says why it is skipped. Returns 'made',
-- or 'none' where nothing is due.
--
-- A copy is made once: its row is locked, under the lock of the follower's log, and says so,
-- and the job has the copy's id. Each is a transaction of its own, which locks one log.
--
-- How much: the leader's quantity times the ratio, rounded down to what the leader's is a
-- multiple of (whole ones, or 0.000000001 where it is none or of coins); where the leader only
-- closed, no more than the follower holds, so that a copy never turns a position around.
create or replace function private.make_copy(p_leader uuid) returns text
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  due private.due_copies;
  c app.copies;
  first app.copies; -- what it replaces or cancels
  f private.copy_follows;
  broker_id uuid; -- of the order that the first has become
  open boolean := false;
  job app.jobs;
  qty numeric;
  unit numeric;
  held numeric;
  asked jsonb;
  why text;
begin
  select d.* into due from private.due_copies d where d.leader_id = p_leader order by d.seq limit 1;
  if not found then
    return 'none';
  end if;
  perform from app.event_heads h where h.account_id = due.account_id for update;
  select t.* into c from app.copies t where t.account_id = due.account_id and t.id = due.copy_id and t.state = 'waiting' for update;
  delete from private.due_copies d where d.account_id = due.account_id and d.copy_id = due.copy_id;
  if c.id is null then
    return 'made'; -- by somebody else
  end if;
  select t.* into f from private.copy_follows t where t.account_id = c.account_id and t.id = c.follow_id;

  if c.action <> 'order' then
    select t.* into first from app.copies t where t.account_id = c.account_id and t.follow_id = c.follow_id and t.action <> 'cancel'
      and t.led_order_id = case when c.action = 'cancel' then c.led_order_id else c.replaced_id end;
    select t.* into job from app.jobs t where t.account_id = c.account_id and t.id = first.id and t.ended_at is null;
    select t.alpaca_order_id, t.is_open into broker_id, open from app.alpaca_orders t where t.account_id = c.account_id and t.id = first.id;
  end if;
  if job.state in ('waiting', 'pending_approval') then
    perform private.end_job(c.account_id, job.id, 'canceled');
  end if;
  asked := case
    when c.action = 'cancel' and (job.state = 'running' or coalesce(open, false)) then jsonb_build_object('cancels', first.id)
    when c.action = 'replace' and (job.state = 'running' or coalesce(open, false)) then jsonb_build_object('replaces', coalesce(broker_id, first.id))
    when c.action = 'order' or c.action = 'replace' and job.state in ('waiting', 'pending_approval') then '{}'::jsonb end;
  why := case when f.ended_at is not null then 'ended' when asked is null then case when job.id is not null then 'canceled' else 'nothing_open' end end;

  if why is null and c.action <> 'cancel' then
    qty := (c.terms->>'qty')::numeric * f.ratio;
    unit := case when c.terms->>'symbol' like '%/%' or mod((c.terms->>'qty')::numeric, 1) <> 0 then 0.000000001 else 1 end;
    if qty is not null then
      if c.closing and not asked ? 'replaces' then
        held := app.held_quantity(c.account_id, c.symbol) * case c.side when 'sell' then 1 else -1 end;
        qty := least(qty, greatest(held, 0));
        why := case when qty = 0 then 'nothing_to_close' end;
      end if;
      qty := div(qty, unit) * unit;
      why := coalesce(why, case when qty = 0 then 'too_small' end);
      asked := asked || jsonb_build_object('qty', trim_scale(qty)::text);
    else
      qty := div((c.terms->>'notional')::numeric * f.ratio, 0.01) * 0.01;
      why := case when not coalesce(qty > 0, false) then 'too_small' end;
      asked := asked || jsonb_build_object('notional', trim_scale(qty)::text);
    end if;
    if c.terms->>'order_class' in ('bracket', 'oco', 'oto', 'mleg') and not asked ? 'replaces' and not (c.terms ? 'take_profit' or c.terms ? 'stop_loss' or c.terms ? 'legs') then
      why := coalesce(why, 'class_unknown'); -- it is in place of one that was not sent, and says of its exits nothing
    end if;
    if asked ? 'replaces' then
      asked := asked || jsonb_strip_nulls(jsonb_build_object('time_in_force', c.terms->'time_in_force', 'limit_price', c.terms->'limit_price', 'stop_price', c.terms->'stop_price',
        'trail', coalesce(c.terms->'trail_price', c.terms->'trail_percent')));
    else
      asked := (c.terms - 'qty' - 'notional') || asked || jsonb_strip_nulls(jsonb_build_object(
        'position_intent', case when c.closing and coalesce(c.terms->>'order_class', 'simple') = 'simple' then case c.side when 'sell' then 'sell_to_close' else 'buy_to_close' end else c.terms->>'position_intent' end));
    end if;
  end if;

  if why is null and not private.enter_follower(f, c.id) then
    why := case when private.sign_in_holds('token:' || f.token_id, f.user_id) then 'not_permitted' else 'ended' end;
    update private.copy_follows t set ended_at = clock_timestamp(), ended_by = 'token' where why = 'ended' and t.account_id = f.account_id and t.id = f.id;
  end if;
  if why is null then
    begin
      insert into app.jobs (account_id, id, kind, request, request_hash) values (c.account_id, c.id, 'order', asked, sha256(convert_to(asked::text, 'UTF8')));
    exception when sqlstate 'PD430' or sqlstate 'PD431' or check_violation then -- too much is stored, or waits: others' copies go on
      why := 'too_many';
    end;
    perform private.enter_follower(f, null);
  end if;
  update app.copies t set state = case when why is null then 'asked' when why = 'canceled' then 'done' else 'skipped' end, reason = why
    where t.account_id = c.account_id and t.id = c.id;
  return 'made';
end
$$;
