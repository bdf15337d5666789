-- Returns what the sleeves of an account say of an order that is about to be sent, as
-- violations and needs (see app.check_guards). An order of a sleeve may spend what the
-- sleeve has, less what its other orders may take (of a buy that it replaces too), and sell
-- what it holds: it has no margin and no short positions. An order of none may not sell what sleeves hold; what it
-- may spend is left to the account's guards and to the broker.
--
-- approval_above is what an order of its must be worth to need a person's word; null: none
-- does.
--
-- One that was closed sells what came back to it, such as the shares of a trade that the
-- broker took back.
--
-- A sell for an amount of money has no bound of what it sells, because the price may fall
-- until it fills: it is refused where sleeves hold the symbol.
--
-- The closings of a wind-down pass: app.make_closing makes one for each that holds a part
-- of the position.
create or replace function app.check_sleeve(o app.alpaca_orders, out violations jsonb, out needs jsonb, out approval_above numeric)
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  s app.sleeves;
  bound uuid := private.token_sleeve();
  line record;
  may numeric;
  cost numeric;
  held numeric;
  worth_after numeric;
  positions record; -- what the sleeve's are worth
  drawdown numeric;
begin
  violations := '[]';
  needs := '[]';
  if o.wind_down_id is not null then
    return;
  end if;
  if bound is distinct from o.sleeve_id and bound is not null then
    violations := jsonb_build_array(app.violation('sleeve', bound::text, o.sleeve_id::text,
      'This API token trades in one sleeve of the account alone. Leave "sleeve_id" out, or name that sleeve.'));
    return;
  end if;

  if o.sleeve_id is null then
    if o.order_class = 'mleg' or o.side is distinct from 'sell' then
      return;
    end if;
    held := app.held_in_sleeves(o.account_id, o.symbol);
    if held <= 0 then
      return;
    end if;
    if o.qty is null then
      violations := jsonb_build_array(app.violation('sleeves', null, trim_scale(o.notional)::text,
        format('Of %s, %s belong to sleeves of this account, so that it is sold by quantity: an amount of money could sell what is theirs. Send "qty".', o.symbol, trim_scale(held))));
      return;
    end if;
    if not app.mirror_is_current(o.account_id) then
      needs := '["positions"]';
      return;
    end if;
    for line in select l.* from app.order_lines(o) l loop
      if line.qty is null then
        needs := needs || to_jsonb('price ' || line.symbol);
      end if;
      may := greatest(app.held_quantity(o.account_id, line.symbol) - held
        - (select q.sells from app.open_quantities(o.account_id, line.symbol, o.replaces, p_unassigned => true) q), 0);
      if line.qty > may then
        violations := violations || app.violation('sleeves', trim_scale(may)::text, trim_scale(line.qty)::text,
          format('Of %s, %s belong to sleeves of this account and %s can be sold outside of them. Name a sleeve in "sleeve_id" to sell what it holds.',
            line.symbol, trim_scale(held), trim_scale(may)));
      end if;
    end loop;
    return;
  end if;

  select t.* into s from app.sleeves t where t.account_id = o.account_id and t.id = o.sleeve_id;
  if not found or s.closed_at is not null and o.side is distinct from 'sell' then
    violations := jsonb_build_array(app.violation('sleeve', null, o.sleeve_id::text,
      'The account has no such sleeve, or it is closed and only sells what came back to it. Pick one from GET /api/sleeves.'));
    return;
  end if;
  approval_above := s.approval_above;
  if s.switch = 'halted' then
    violations := jsonb_build_array(app.violation('sleeve_switch', 'halted', null,
      format('The sleeve %s is halted. The account''s owner can open it again.', s.name)));
    return;
  end if;
  if exists (select from app.round_trips_due d where d.account_id = o.account_id) then
    violations := jsonb_build_array(app.violation('sleeve', null, null,
      'What the sleeve holds is being computed again, because older executions were imported. Try again in a minute.'));
    return;
  end if;
  if o.order_class = 'mleg' or o.order_class in ('bracket', 'oto') and o.side is distinct from 'buy' or o.order_class = 'oco' and o.side is distinct from 'sell' then
    violations := jsonb_build_array(app.violation('sleeve', null, o.order_class,
      'A sleeve has no short positions: it takes no multi-leg order, no bracket or OTO that begins with a sell, and no OCO that buys.'));
    return;
  end if;

  if o.side = 'sell' and o.qty is null then
    violations := jsonb_build_array(app.violation('sleeve_position', null, trim_scale(o.notional)::text,
      'A sleeve sells by quantity: an amount of money could sell more than it holds. Send "qty".'));
    return;
  end if;

  for line in select l.* from app.order_lines(o) l loop
    if line.qty is null or line.side = 'buy' and line.price is null and o.notional is null then
      needs := needs || to_jsonb('price ' || coalesce(line.symbol, ''));
      continue;
    end if;
    held := app.held_in_sleeves(o.account_id, line.symbol, s.id);
    if line.side = 'sell' then
      may := greatest(held - (select q.sells from app.open_quantities(o.account_id, line.symbol, o.replaces, p_sleeve => s.id) q), 0);
      if line.qty > may then
        violations := violations || app.violation('sleeve_position', trim_scale(may)::text, trim_scale(line.qty)::text,
          format('The sleeve %s holds %s of %s, of which %s can be sold now: a sleeve sells what it holds, and the rest is on sale by its other orders.',
            s.name, trim_scale(held), line.symbol, trim_scale(may)));
      end if;
      continue;
    end if;
    cost := app.order_cost(o);
    may := s.cash - app.reserved_cash(o.account_id, s.id);
    if cost > may then
      violations := violations || app.violation('sleeve_cash', trim_scale(may)::text, trim_scale(cost)::text,
        format('The order may cost %s, and the sleeve %s has %s to spend: %s of cash, less what its open orders may take.%s',
          trim_scale(cost), s.name, trim_scale(may), trim_scale(s.cash), case when o.replaces is not null
            then ' The order that it replaces is one of them, because it may fill before Alpaca replaces it: cancel it, and place another.' else '' end));
    end if;
    if s.switch = 'reduce_only' then
      violations := violations || app.violation('sleeve_switch', 'reduce_only', null,
        format('The sleeve %s lets only sells through now. The account''s owner can open it again.', s.name));
    end if;
    if line.symbol <> all (s.allowed_symbols) and coalesce(app.underlying(line.symbol), '') <> all (s.allowed_symbols) then
      violations := violations || app.violation('sleeve_allowed_symbols', array_to_string(s.allowed_symbols, ', '), line.symbol,
        format('%s may not be bought in the sleeve %s. Allowed: %s.', line.symbol, s.name, array_to_string(s.allowed_symbols, ', ')));
    end if;
    if cost > s.max_order_notional then
      violations := violations || app.violation('sleeve_max_order_notional', s.max_order_notional::text, trim_scale(cost)::text,
        format('The order may cost %s; one order in the sleeve %s may cost %s at most.', trim_scale(cost), s.name, s.max_order_notional));
    end if;
    if s.max_drawdown is not null then
      select w.* into positions from app.sleeve_worth(o.account_id, s.id, o.reference_prices) w;
      needs := needs || coalesce((select jsonb_agg('price ' || u) from unnest(positions.unpriced) u), '[]');
      drawdown := case when positions.unpriced is null then s.highest_pl - s.traded - positions.worth end;
      if drawdown >= s.max_drawdown then
        violations := violations || app.violation('sleeve_max_drawdown', trim_scale(s.max_drawdown)::text, trim_scale(drawdown)::text,
          format('The sleeve %s is worth %s less than its high-water mark, and %s is the limit. What it holds can still be sold, and the account''s owner can reset the mark (POST /api/sleeves/{id}/high-water-mark).',
            s.name, trim_scale(drawdown), trim_scale(s.max_drawdown)));
      end if;
    end if;
    if s.max_position_notional is not null then
      worth_after := (select round(ceil(((held + q.buys) * greatest(line.price, q.dearest, p.current_price) * line.multiplier + cost) * 100) / 100, 2)
        from app.open_quantities(o.account_id, line.symbol, o.replaces, line.price, p_sleeve => s.id) q
        left join app.alpaca_positions p on p.account_id = o.account_id and p.symbol = app.position_symbol(line.symbol));
      if worth_after is null then
        needs := needs || to_jsonb('price ' || line.symbol);
      elsif worth_after > s.max_position_notional then
        violations := violations || app.violation('sleeve_max_position_notional', s.max_position_notional::text, worth_after::text,
          format('With what the sleeve %s holds and has ordered, its position in %s could be worth %s; at most %s is allowed.',
            s.name, line.symbol, worth_after, s.max_position_notional));
      end if;
    end if;
  end loop;
end
$$;
