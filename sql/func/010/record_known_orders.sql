-- Records the state of those orders that are known here, without their legs, as the broker
-- described them in its answers p_orders: a JSON array of Alpaca's own orders.
-- p_versions and p_keys are those of private.require_keys, which raises an error where
-- they do not fit.
create or replace function private.record_known_orders(p_versions integer[], p_keys text[], p_orders jsonb) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_keys(p_versions, p_keys);
  said jsonb;
begin
  for said in select a from jsonb_array_elements(p_orders) with ordinality l (a, place) order by place loop
    if exists (select from app.alpaca_orders o where o.account_id = account and o.alpaca_order_id = (said->>'id')::uuid) then
      perform app.record_order(account, said - 'legs', '');
    end if;
  end loop;
end
$$;
