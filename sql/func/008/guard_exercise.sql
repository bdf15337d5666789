-- Trigger: refuses the exercise of an option that the account's guards do not
-- allow (PD422, with the result of app.check_guards as its detail). An exercise
-- buys or sells shares of the underlying at the strike, and is checked as such
-- an order: of the sleeve that holds the contracts, which is to pay for the shares or to
-- have them, where it alone holds all of them. Where sleeves hold a part, none is
-- exercised: the broker exercises all that the account holds, and nobody could say whose
-- the shares are. For the same reason none is exercised while an order may still buy the
-- contract, or once the account has more of it than was read from the broker: what is
-- checked is what the broker will do. PD409: one of the same contract was asked for within
-- a minute.
create or replace function app.guard_exercise() returns trigger
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  shares app.alpaca_orders;
  verdict jsonb;
  held numeric; -- of the contracts by sleeves
  holder uuid;  -- the sleeve, where it is one
  buys numeric; -- of the contract, by open orders
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'orders are made in transactions that are read committed: an older snapshot would miss the orders before this one' using errcode = '25001';
  end if;
  perform private.lock_event_log();
  new.requested_at := clock_timestamp();
  if exists (select from app.exercises e where e.account_id = new.account_id and e.contract = new.contract and e.state = 'asked'
      and e.requested_at > clock_timestamp() - interval '1 minute') then
    raise exception 'an exercise of this contract is on its way' using errcode = 'PD409';
  end if;
  held := app.held_in_sleeves(new.account_id, new.contract);
  holder := (select min(t.scope_value)::uuid from app.trading_positions t
    where t.account_id = new.account_id and t.scope = 'sleeve' and t.closed_at is null and t.symbol = new.contract having count(*) = 1);
  if held > 0 and (holder is null or held <> app.held_quantity(new.account_id, new.contract)) then
    raise exception 'sleeves hold the contracts' using errcode = 'PD422', detail = jsonb_build_object('needs', '[]'::jsonb, 'reducing', false,
      'violations', jsonb_build_array(app.violation('sleeves', '0', trim_scale(held)::text,
        format('Of %s, %s belong to sleeves of this account, and an exercise takes all that the account holds. Sell them in their sleeves first, or sell all and do not exercise.',
          new.contract, trim_scale(held)))))::text;
  end if;
  buys := (select q.buys from app.open_quantities(new.account_id, new.contract) q);
  if buys > 0 or app.held_quantity(new.account_id, new.contract) * 100 > new.qty then
    raise exception 'the account may have more contracts by then' using errcode = 'PD422', detail = jsonb_build_object('needs', '[]'::jsonb, 'reducing', false,
      'violations', jsonb_build_array(app.violation('exercise', trim_scale(new.qty)::text, null,
        format('An exercise takes all of %s that the account holds, and may take more than was checked: open orders may still buy %s, or some were bought just now. Cancel those orders, and ask again.',
          new.contract, trim_scale(buys)))))::text;
  end if;
  shares.account_id := new.account_id;
  shares.id := new.id;
  shares.symbol := new.symbol;
  shares.side := new.side;
  shares.qty := new.qty;
  shares.sleeve_id := holder;
  shares.type := 'market';
  shares.order_class := '';
  shares.action := 'place';
  shares.filled_qty := 0;
  shares.reference_prices := case when new.reference_price is not null then
    jsonb_build_object(new.symbol, greatest(new.price, new.reference_price)) end;
  verdict := app.check_guards(shares);
  if verdict->'approval' <> 'null' then
    verdict := jsonb_set(verdict, '{violations}', (verdict->'violations') || app.violation('approval', verdict->'approval'->>'above', verdict->'approval'->>'worth',
      'An order of this worth waits for a person''s word here, and an exercise cannot wait. Ask somebody to exercise the contract whose orders need no approval.'));
  end if;
  if jsonb_array_length(verdict->'violations') + jsonb_array_length(verdict->'needs') > 0 then
    raise exception 'the account''s guards refuse the exercise' using errcode = 'PD422', detail = verdict::text;
  end if;
  return new;
end
$$;
