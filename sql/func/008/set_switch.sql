-- Turns the account's switch at once, and begins a wind-down of what is left to
-- do: open orders to cancel, positions to close. The scope "cancel" may make
-- the switch stricter. To let more through again takes "manage", and to close
-- positions takes "trade".
--
-- p_suspend is what Alpaca's own switch is set to at the end of the wind-down,
-- since before that it would stop the closings too. It takes "manage".
--
-- Returns the wind-down, or NULL if there is nothing to do. Orders on their way
-- at this moment belong to it: they are canceled when they appear, or what they
-- opened is closed. A wind-down under way is superseded by this one, which also
-- does what was asked of that one. Opening the switch ends it. Both hold for a
-- wind-down that waits for working keys too. The retry of a request (the same
-- key) turns nothing and returns its wind-down, if it began one. Opening the switch lets
-- the count of refusals in a row begin anew.
--
-- PD409: the key was used for another request. PD419: more is let through on a live
-- account, here or at Alpaca, which takes a step-up. PD457: as in private.set_guards.
create or replace function private.set_switch(p_switch text, p_reason text, p_cancel boolean default false, p_liquidate boolean default false,
  p_suspend boolean default null, p_key text default null, p_hash bytea default null) returns uuid
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.account_id('cancel');
  grades constant text[] := array['open', 'reduce_only', 'halted'];
  before text;
  kept app.kept_answers;
  earlier record;
  made app.wind_downs;
  on_their_way uuid[] := '{}';
  cancels boolean := coalesce(p_cancel, false) or coalesce(p_liquidate, false);
  liquidates boolean := coalesce(p_liquidate, false);
begin
  if account is null or liquidates and private.account_id('trade') is null
      or p_suspend is not null and private.account_id('manage') is null then
    raise exception 'turning the switch needs the scope "cancel", liquidating "trade", and Alpaca''s own switch "manage"' using errcode = '42501';
  end if;
  perform private.lock_event_log();
  if p_key is not null then
    select k.* into kept from app.kept_answers k where k.account_id = account and k.idempotency_key = p_key;
    if found then
      if kept.request_hash is distinct from p_hash then
        raise exception 'this key was sent with another request' using errcode = 'PD409';
      end if;
      return (select w.id from app.wind_downs w where w.account_id = account and w.idempotency_key = p_key);
    end if;
    insert into app.kept_answers (account_id, idempotency_key, request_hash, asked_by) values (account, p_key, p_hash, private.user_id());
  end if;

  select g.switch into before from app.account_guards g where g.account_id = account;
  if array_position(grades, p_switch) < array_position(grades, coalesce(before, 'open')) and private.account_id('manage') is null then
    raise exception 'only the owner may let more through again' using errcode = '42501';
  end if;
  if array_position(grades, p_switch) < array_position(grades, coalesce(before, 'open')) or p_suspend is false then
    perform private.require_step_up();
    perform private.require_approval('switch', jsonb_build_object('switch', p_switch, 'suspend_trade', p_suspend));
  end if;
  insert into app.account_guards as g (account_id, switch, switch_reason, updated_by)
    values (account, p_switch, nullif(p_reason, ''), private.user_id())
    on conflict (account_id) do update
      set switch = excluded.switch, switch_reason = excluded.switch_reason, updated_by = excluded.updated_by, updated_at = now();
  if p_switch = 'open' then
    update app.refusal_runs r set refusals = 0 where r.account_id = account;
  end if;
  perform private.audit(account, 'guards.switch', jsonb_build_object('switch', p_switch, 'reason', nullif(p_reason, ''),
    'cancel_orders', cancels, 'liquidate', liquidates));
  perform private.append_event('guard', jsonb_build_object('event', 'switch', 'switch', p_switch, 'reason', nullif(p_reason, '')));

  if p_switch = 'halted' or cancels then
    select coalesce(array_agg(o.id), '{}') into on_their_way
      from app.alpaca_orders o where o.account_id = account and o.intent_state = 'submitting' and not o.reduce_only;
  end if;
  if p_switch = 'open' or cancels or cardinality(on_their_way) > 0 then
    with ended as (
      update app.wind_downs w set state = 'superseded', ended_at = clock_timestamp(), updated_at = clock_timestamp()
        where w.account_id = account and (w.state = 'running' or w.state = 'stuck' and w.needs_keys)
          and (w.repair_symbol is null or liquidates) -- liquidating closes what a repair would
        returning w.*
    ), taken_over as (
      select e.* from ended e where p_switch <> 'open'
    )
    select coalesce(bool_or(e.cancel_orders), false) as cancel_orders, coalesce(bool_or(e.liquidate), false) as liquidate,
        (array_agg(e.suspend_trade order by e.asked_at desc) filter (where e.suspend_trade is not null))[1] as suspend_trade,
        coalesce((select array_agg(distinct t) from taken_over o, unnest(o.on_their_way) t), '{}') as on_their_way
      into earlier from taken_over e;
    on_their_way := (select coalesce(array_agg(distinct t), '{}') from unnest(on_their_way || earlier.on_their_way) t);
  end if;
  if not (cancels or cardinality(on_their_way) > 0) then
    return null;
  end if;
  insert into app.wind_downs as w (account_id, asked_by, idempotency_key, request_hash, cancel_orders, liquidate, suspend_trade, on_their_way, state, needs_keys,
      message, ended_at)
    select account, private.user_id(), p_key, p_hash, cancels or earlier.cancel_orders, liquidates or earlier.liquidate,
      coalesce(p_suspend, earlier.suspend_trade), on_their_way,
      case when k.works then 'running' else 'stuck' end, not k.works,
      case when not k.works then 'This account has no working API keys, so nothing can be canceled or closed from here. Store its keys, or do it at Alpaca.' end,
      case when not k.works then clock_timestamp() end
    from (select exists (select from private.user_credentials c where c.account_id = account and c.rejected_at is null) as works) k
    returning w.* into made;
  perform private.append_event('guard', jsonb_build_object('event', 'wind_down', 'wind_down', app.wind_down_json(made)));
  return made.id;
end
$$;
