-- Returns what the account's guards say of an order that is about to be sent:
--
--   violations  each guard that refuses it: guard, limit, value, message
--   needs       what must be fetched first: "price SYMBOL" (for the order's
--               reference_prices), "equity" (app.account_balances, no older
--               than a second when the transaction began), "positions" (the mirror is not current), "odd"
--               (an odd item, which is an order or a position at the broker
--               that cannot be read, so that no sum is right)
--   approval    where it needs a person's word: above (the limit that it is above), worth, needed
--               (how many must approve), seconds (how long it waits) and four_eyes; null otherwise
--   reducing    it can only make positions smaller; then only the switch counts, and
--               what its sleeve holds
--
-- What the account's sleeves say of it (app.check_sleeve) is a part of the violations.
--
-- No contract is bought while it is exercised, whoever buys it: the broker exercises all
-- that the account holds by then, and shares would come that nobody has checked
-- (app.guard_exercise refuses the other order of the two).
--
-- Of an order that an API token sends, the limits of the token and of those of which it
-- was made count as the account's own do, the tightest of each. How many orders may be
-- sent is counted for each of them by itself: a token answers for what was made of it.
-- So is what stops a token: a heartbeat that stays away, and refusals in a row.
--
-- A preview calls it, and so does the trigger that every order must pass.
create or replace function app.check_guards(o app.alpaca_orders) returns jsonb
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  g app.account_guards;
  violations jsonb := '[]';
  needs jsonb := '[]';
  -- A bracket or OTO order opens a position before its exits close it.
  reducing boolean := o.order_class not in ('bracket', 'oto') or o.parent_alpaca_order_id is not null;
  entry app.alpaca_orders; -- if o replaces an exit: the order that the exit is of
  line record;
  lines integer := 0;
  worth numeric := 0;
  qty_after numeric; -- of the position, once everything that is ordered was filled
  worth_after numeric;
  counted bigint;
  beaten_at timestamptz;
  balance app.account_balances;
  loss numeric;
  drawdown numeric;
  of_tokens app.account_guards; -- the limits of the API token that sends it
  paces boolean := false; -- a token has a limit of how many orders it may send
  stops boolean := false; -- a token must have its heartbeat, or is stopped by refusals
  pace record;
  sleeve record; -- what the account's sleeves say
  approval jsonb;
  above numeric; -- what it is worth above which it needs a person's word
begin
  select c.* into sleeve from app.check_sleeve(o) c;
  violations := sleeve.violations;
  needs := sleeve.needs;
  if (o.order_class = 'mleg' or app.underlying(o.symbol) is not null) and exists (
      select from app.order_lines(o) l
      join app.exercises e on e.account_id = o.account_id and e.symbol = app.underlying(l.symbol) and e.contract = l.symbol
      where l.side = 'buy' and e.state <> 'refused' and e.requested_at > clock_timestamp() - interval '1 minute') then
    violations := violations || app.violation('exercise', null, null,
      'These contracts are being exercised, which takes all that the account holds: none is bought meanwhile. Send the order again in a minute.');
  end if;
  select t.* into g from app.account_guards t where t.account_id = o.account_id;
  if not found then
    g.switch := 'open';
  end if;
  if private.token_id() is not null then
    of_tokens := private.token_limits();
    g := app.tightest(g, of_tokens);
    paces := num_nonnulls(of_tokens.orders_per_minute, of_tokens.orders_per_day) > 0;
    stops := num_nonnulls(of_tokens.heartbeat_seconds, of_tokens.max_refusals) > 0;
  elsif not coalesce(g.four_eyes, false) then
    -- Who sends it is a person.
    g.approval_above := null;
    sleeve.approval_above := null;
  end if;
  above := least(g.approval_above, sleeve.approval_above);
  if g.switch = 'open' and not paces and not stops and num_nonnulls(g.max_order_notional, g.max_position_notional, g.max_position_qty, g.max_open_orders,
      g.orders_per_minute, g.orders_per_day, g.daily_loss_limit, g.max_drawdown, g.heartbeat_seconds, g.allowed_symbols,
      g.allowed_sides, above) = 0 then
    return jsonb_build_object('violations', violations, 'needs', needs, 'approval', null, 'reducing', null);
  end if;
  if g.switch = 'halted' then
    return jsonb_build_object('needs', '[]'::jsonb, 'reducing', null, 'violations', jsonb_build_array(app.violation('switch', 'halted', null,
      'Trading on this account is halted' || coalesce(': ' || g.switch_reason, '') || '. Its owner can open it again.')));
  end if;
  if not app.mirror_is_current(o.account_id) then
    return jsonb_build_object('violations', violations, 'needs', jsonb_build_array('positions'), 'reducing', null);
  end if;
  if app.has_uncounted_items(o.account_id) then
    return jsonb_build_object('violations', violations, 'needs', jsonb_build_array('odd'), 'reducing', null);
  end if;

  select t.* into entry from app.alpaca_orders t where t.account_id = o.account_id and t.alpaca_order_id = o.parent_alpaca_order_id;
  -- price_at_most is the most that a unit of this order may cost, and
  -- others_at_most the most that a unit may be worth of what else is ordered.
  for line in
    select l.*, coalesce(p.qty, 0) as held, q.buys, q.sells, q.unmeasured, greatest(l.price, q.dearest, p.current_price) as price_at_most,
      greatest(r.price, q.dearest, p.current_price) as others_at_most,
      case l.side when 'sell' then coalesce(p.qty, 0) - q.sells else -coalesce(p.qty, 0) - q.buys end as closable
    from app.order_lines(o) l
    left join app.alpaca_positions p on p.account_id = o.account_id and p.symbol = app.position_symbol(l.symbol)
    cross join lateral (select (o.reference_prices->>l.symbol)::numeric as price) r
    cross join lateral app.open_quantities(o.account_id, l.symbol, o.replaces, r.price) q
  loop
    lines := lines + 1;
    reducing := reducing and (coalesce(line.qty <= line.closable, false) or coalesce(entry.side <> line.side and line.qty <= entry.qty, false));
    worth := worth + line.qty * line.price * line.multiplier;
    if line.price is null and (g.max_position_notional is not null or g.max_order_notional is not null and o.notional is null)
        or above is not null and not coalesce(o.reference_prices ? line.symbol, false)
        or line.qty is null and (line.closable > 0 or g.max_position_notional is not null or g.max_position_qty is not null)
        or line.unmeasured and not coalesce(o.reference_prices ? line.symbol, false) then
      needs := needs || to_jsonb('price ' || coalesce(line.symbol, ''));
    end if;

    if line.symbol <> all (g.allowed_symbols) and coalesce(app.underlying(line.symbol), '') <> all (g.allowed_symbols) then
      violations := violations || app.violation('allowed_symbols', array_to_string(g.allowed_symbols, ', '), line.symbol,
        format('%s may not be traded on this account. Allowed: %s.', line.symbol, array_to_string(g.allowed_symbols, ', ')));
    end if;
    if line.side <> all (g.allowed_sides) then
      violations := violations || app.violation('allowed_sides', array_to_string(g.allowed_sides, ', '), line.side,
        format('This account may not open positions by a %s.', line.side));
    end if;
    qty_after := line.qty + case line.side when 'buy' then line.held + line.buys else line.sells - line.held end;
    if qty_after > g.max_position_qty then
      violations := violations || app.violation('max_position_qty', g.max_position_qty::text, qty_after::text,
        format('With what is held and ordered, the position in %s could reach %s; at most %s is allowed.', line.symbol, qty_after, g.max_position_qty));
    end if;
    -- An order for an amount of money is worth that amount, whatever it buys.
    -- Part of a cent counts as one: a limit that is passed by it is passed.
    worth_after := round(ceil(case when o.notional is null then qty_after * line.price_at_most
      else o.notional + greatest(qty_after - line.qty, 0) * coalesce(line.others_at_most, line.price_at_most) end * line.multiplier * 100) / 100, 2);
    if worth_after > g.max_position_notional then
      violations := violations || app.violation('max_position_notional', g.max_position_notional::text, worth_after::text,
        format('With what is held and ordered, the position in %s could be worth %s; at most %s is allowed.', line.symbol, worth_after, g.max_position_notional));
    end if;
    if g.switch = 'reduce_only' then
      violations := violations || app.violation('switch', 'reduce_only', line.qty::text,
        format('Only orders that make a position smaller are let through now%s. Of %s at most %s can be %s.', coalesce(': ' || g.switch_reason, ''),
          line.symbol, greatest(line.closable, 0), case line.side when 'buy' then 'bought back' else 'sold' end));
    end if;
  end loop;
  if lines = 0 then
    violations := violations || app.violation('unmeasured', null, null,
      'What this order would trade is not known here yet, so the guards cannot measure it. Wait for the next reconciliation (POST /api/sync), or cancel the order and place another.');
    return jsonb_build_object('violations', violations, 'needs', '[]'::jsonb, 'reducing', false);
  end if;
  if reducing then
    return jsonb_build_object('violations', sleeve.violations, 'needs', sleeve.needs, 'reducing', true);
  end if;

  if g.heartbeat_seconds is not null then
    select h.beaten_at into beaten_at from app.heartbeats h where h.account_id = o.account_id;
    violations := violations || app.missed_heartbeat('This account', g.heartbeat_seconds, beaten_at);
  end if;
  if stops then
    violations := violations || private.token_stops(o.account_id);
  end if;

  worth := round(ceil(coalesce(o.notional, worth) * 100) / 100, 2);
  if worth > g.max_order_notional then
    violations := violations || app.violation('max_order_notional', g.max_order_notional::text, worth::text,
      format('The order could be worth %s; one order may be worth %s at most.', worth, g.max_order_notional));
  end if;

  if above = 0 or worth > above then
    approval := jsonb_build_object('above', above::text, 'worth', worth::text, 'needed', coalesce(g.approvals_needed, 1),
      'seconds', coalesce(g.approval_seconds, 3600), 'four_eyes', coalesce(g.four_eyes, false));
  end if;

  if g.max_open_orders is not null then
    counted := app.open_order_count(o.account_id, o.replaces) + app.broker_order_count(o.action, o.order_class, o.alpaca_order_id, o.parent_alpaca_order_id);
    if counted > g.max_open_orders then
      violations := violations || app.violation('max_open_orders', g.max_open_orders::text, counted::text,
        format('It would make %s open orders, exits included; at most %s are allowed. Cancel one first.', counted, g.max_open_orders));
    end if;
  end if;
  if g.orders_per_minute is not null then
    counted := 1 + app.orders_sent_since(o.account_id, clock_timestamp() - interval '1 minute');
    if counted > g.orders_per_minute then
      violations := violations || app.violation('orders_per_minute', g.orders_per_minute::text, counted::text,
        format('At most %s orders may be sent in a minute. Wait, and send it again.', g.orders_per_minute));
    end if;
  end if;
  if g.orders_per_day is not null then
    counted := 1 + app.orders_sent_today(o.account_id);
    if counted > g.orders_per_day then
      violations := violations || app.violation('orders_per_day', g.orders_per_day::text, counted::text,
        format('At most %s orders may be sent in a day, and New York''s day ends at midnight there.', g.orders_per_day));
    end if;
  end if;
  if paces then
    for pace in select p.* from private.token_paces(o.account_id) p loop
      counted := 1 + case when pace.orders_per_minute is not null
        then app.orders_sent_by_token(o.account_id, pace.token_id, clock_timestamp() - interval '1 minute') end;
      if counted > pace.orders_per_minute then
        violations := violations || app.violation('orders_per_minute', pace.orders_per_minute::text, counted::text,
          format('This API token, and those that were made of it, may send %s orders in a minute at most. Wait, and send it again.', pace.orders_per_minute));
      end if;
      counted := 1 + pace.sent_today;
      if counted > pace.orders_per_day then
        violations := violations || app.violation('orders_per_day', pace.orders_per_day::text, counted::text,
          format('This API token, and those that were made of it, may send %s orders in a day at most, and New York''s day ends at midnight there.', pace.orders_per_day));
      end if;
    end loop;
  end if;
  if num_nonnulls(g.daily_loss_limit, g.max_drawdown) > 0 then
    select b.* into balance from app.account_balances b
      where b.account_id = o.account_id and b.as_of > now() - interval '1 second' and b.as_of <= clock_timestamp();
    if not found then
      needs := needs || '"equity"';
    end if;
    loss := balance.last_equity - balance.equity;
    if loss >= g.daily_loss_limit then
      violations := violations || app.violation('daily_loss_limit', g.daily_loss_limit::text, loss::text,
        format('The account has lost %s since the last close, and %s is the limit. Positions can still be closed.', loss, g.daily_loss_limit));
    end if;
    drawdown := (select m.equity from app.high_water_marks m where m.account_id = o.account_id) - balance.equity;
    if drawdown >= g.max_drawdown then
      violations := violations || app.violation('max_drawdown', g.max_drawdown::text, drawdown::text,
        format('The account is worth %s less than its high-water mark, and %s is the limit. Positions can still be closed, and its owner can reset the mark (POST /api/guards/high-water-mark).',
          drawdown, g.max_drawdown));
    end if;
  end if;
  return jsonb_build_object('violations', violations, 'needs', needs, 'approval', approval, 'reducing', false);
end
$$;
