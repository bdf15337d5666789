-- Records an order as the broker's REST answer describes it and, where that
-- changed anything, tells the account of it (p_what) and answers the order
-- before and after; otherwise both are null, and before is where it is new.
-- p_told_at and p_age are app.record_order's.
create or replace function app.reconcile_order(p_account uuid, o jsonb, p_what text, p_told_at timestamptz default null, p_age interval default null, out before jsonb, out after jsonb)
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  was app.alpaca_orders;
  r record;
begin
  select t.* into was from app.alpaca_orders t where t.account_id = p_account and t.client_order_id = o->>'client_order_id';
  select * into r from app.record_order(p_account, o, '', null, true, p_told_at, p_age);
  if not r.changed then
    return;
  end if;
  before := case when was.id is not null then app.order_json(was) end;
  after := app.order_json(r.recorded);
  perform private.append_event('order', app.order_event(p_what, r.recorded), null);
end
$$;
