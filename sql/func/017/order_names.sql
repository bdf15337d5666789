-- Returns the names of those whose ids are in an order of the admitted account, by their ids:
-- the user who asked for it, the API token that did, and its sleeve. NULL for who may not read
-- the account, or where it has no such order.
create or replace function private.order_names(p_account uuid, p_order uuid) returns jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  o app.alpaca_orders;
begin
  if p_account is distinct from private.account_id('read') then
    return null;
  end if;
  select t.submitted_by, t.token_id, t.sleeve_id into o.submitted_by, o.token_id, o.sleeve_id
    from app.alpaca_orders t where t.account_id = p_account and t.id = p_order;
  if not found then
    return null;
  end if;
  return (select coalesce(jsonb_object_agg(n.id, n.name), '{}') from (
    select u.id, u.name from auth."user" u where u.id = o.submitted_by
    union
    select k.id::text, k.name from private.api_tokens k where k.id = o.token_id
    union
    select s.id::text, s.name from app.sleeves s where s.account_id = p_account and s.id = o.sleeve_id) n);
end
$$;
