-- Records an order as a REST answer of the broker describes it. If that changed
-- anything, it appends an event (p_what) and returns the order before and
-- after; before is null for a new order. Otherwise it returns both as null.
-- p_sent_at and p_age are those of app.record_order.
create or replace function app.reconcile_order(p_account uuid, o jsonb, p_what text, p_sent_at timestamptz default null, p_age interval default null, out before jsonb, out after jsonb)
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  was app.alpaca_orders;
  r record;
begin
  select t.* into was from app.alpaca_orders t where t.account_id = p_account and t.client_order_id = o->>'client_order_id';
  select * into r from app.record_order(p_account, o, '', null, true, p_sent_at, p_age);
  if not r.changed then
    return;
  end if;
  before := case when was.id is not null then app.order_json(was) end;
  after := app.order_json(r.recorded);
  perform private.append_event('order', app.order_event(p_what, r.recorded), null);
end
$$;
