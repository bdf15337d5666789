-- Returns the limits of the API token of this admission, the tightest of its own and of
-- those of the tokens of which it was made: none where there is no token. How many orders
-- each of them may send, and has sent, is in private.token_paces; whether each has its
-- heartbeat, and goes on in spite of refusals, in private.token_stops.
--
-- PD401: one of them holds no longer, though it did at the admission: an order that
-- waited for its turn meanwhile is not sent.
create or replace function private.token_limits() returns app.account_guards
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  t private.api_tokens;
  all_of app.account_guards;
  own app.account_guards;
begin
  for t in select l.* from private.api_tokens l where l.id = any (private.token_path()) loop
    if t.revoked_at is not null or t.expires_at <= clock_timestamp() then
      raise exception 'this API token holds no longer' using errcode = 'PD401';
    end if;
    own.max_order_notional := t.max_order_notional;
    own.max_position_notional := t.max_position_notional;
    own.max_position_qty := t.max_position_qty;
    own.max_open_orders := t.max_open_orders;
    own.daily_loss_limit := t.daily_loss_limit;
    own.max_drawdown := t.max_drawdown;
    own.approval_above := t.approval_above;
    own.allowed_symbols := t.allowed_symbols;
    own.allowed_sides := t.allowed_sides;
    all_of := app.tightest(all_of, own);
    all_of.orders_per_minute := least(all_of.orders_per_minute, t.orders_per_minute);
    all_of.orders_per_day := least(all_of.orders_per_day, t.orders_per_day);
    all_of.max_refusals := least(all_of.max_refusals, t.max_refusals);
    all_of.heartbeat_seconds := least(all_of.heartbeat_seconds, t.heartbeat_seconds);
  end loop;
  return all_of;
end
$$;
