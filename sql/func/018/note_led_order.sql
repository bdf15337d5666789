-- Trigger: notes what is to be copied of an order of a leader's: a new one that Alpaca has
-- accepted, one that has taken another's place, and that one was canceled or rejected. It
-- runs in the leader's transaction and locks no follower's log; what becomes of a copy is
-- decided later (private.make_copy). Each order begins with another follower.
--
-- Not copied are orders that are copies themselves, so that nothing goes round; groups that
-- were placed elsewhere, since one of their legs may be told before what it belongs to; and orders
-- of which is heard when they are over, but for one that was sent from here in the last minute.
create or replace function private.note_led_order() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  offer private.copy_offers;
  held numeric;
  closes boolean := new.reduce_only;
  was uuid;
  what jsonb;
begin
  if not exists (select from private.copy_follows f where f.leader_id = new.account_id and f.ended_at is null) then
    return null;
  end if;

  if tg_name = 'note_led_end' then
    if new.status in ('canceled', 'rejected') then
      with made as (
        insert into app.copies (account_id, id, follow_id, led_order_id, action, symbol, side, terms, closing)
          select c.account_id, encode(substr(sha256(convert_to(c.id || ' cancel', 'UTF8')), 1, 16), 'hex')::uuid, c.follow_id, c.led_order_id, 'cancel', c.symbol, c.side, '{}', false
            from private.copy_follows f join app.copies c on c.account_id = f.account_id and c.follow_id = f.id
            where f.leader_id = new.account_id and f.ended_at is null and c.led_order_id = new.id and c.action <> 'cancel' and c.state <> 'skipped'
            order by c.account_id
          on conflict do nothing returning account_id, id)
      insert into private.due_copies (account_id, copy_id, leader_id) select m.account_id, m.id, new.account_id from made m;
    end if;
    perform private.wake_copies(new.account_id); -- prices are known now
    return null;
  end if;

  if exists (select from app.copies c where c.account_id = new.account_id and c.id = new.id)
    or new.request is null and new.order_class not in ('', 'simple')
    or not new.is_open and (new.request is null or new.created_at < clock_timestamp() - interval '1 minute' or new.status in ('canceled', 'rejected', 'expired'))
  then
    return null;
  end if;
  if new.replaces is not null then
    select o.id into was from app.alpaca_orders o where o.account_id = new.account_id and o.alpaca_order_id = new.replaces;
  end if;
  if new.order_class in ('', 'simple', 'oco') then
    held := app.held_quantity(new.account_id, new.symbol);
    closes := closes or case new.side when 'sell' then held > 0 and coalesce(new.qty <= held, true) else held < 0 and coalesce(new.qty <= -held, true) end;
  end if;
  what := jsonb_strip_nulls(jsonb_build_object('symbol', new.symbol, 'side', case when new.symbol is not null then new.side end, 'type', new.type, 'time_in_force', new.time_in_force,
    'order_class', nullif(new.order_class, ''), 'qty', trim_scale(new.qty)::text, 'notional', trim_scale(new.notional)::text,
    'limit_price', trim_scale(new.limit_price)::text, 'stop_price', trim_scale(new.stop_price)::text, 'trail_price', trim_scale(new.trail_price)::text,
    'trail_percent', trim_scale(new.trail_percent)::text, 'extended_hours', nullif(new.extended_hours, false), 'position_intent', nullif(new.position_intent, ''),
    'take_profit', new.request->'take_profit', 'stop_loss', new.request->'stop_loss', 'legs', new.request->'legs'));
  update private.copy_offers o set turns = o.turns + 1 where o.account_id = new.account_id and o.ended_at is null returning o.* into offer;
  if not found then
    return null;
  end if;
  with followers as (
    select f.account_id, f.id as follow_id, mod(row_number() over (order by f.made_at, f.id) + offer.turns, count(*) over ()) as place
      from private.copy_follows f where f.leader_id = new.account_id and f.ended_at is null
  ), made as (
    insert into app.copies (account_id, id, follow_id, led_order_id, action, symbol, side, terms, closing, replaced_id)
      select f.account_id, encode(substr(sha256(convert_to(f.follow_id || ' ' || new.id, 'UTF8')), 1, 16), 'hex')::uuid, f.follow_id, new.id,
          case when new.replaces is null then 'order' else 'replace' end, new.symbol, new.side, what, closes, was
        from followers f order by f.place
      on conflict do nothing returning account_id, id, follow_id)
  insert into private.due_copies (account_id, copy_id, leader_id)
    select m.account_id, m.id, new.account_id from made m join followers f on f.account_id = m.account_id and f.follow_id = m.follow_id order by f.place;
  perform private.wake_copies(new.account_id);
  return null;
end
$$;
