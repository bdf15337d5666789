-- Trigger: holds the parts of a block order to its total: together they are exactly what
-- was to be divided, however they were computed. Of percentages there is no total.
create or replace function private.check_block_total() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if exists (
    select from (select m.block_order_id as id, sum(m.amount) as amount from made m group by 1) given
    join private.block_orders b on b.id = given.id
    where given.amount <> coalesce(b.request->'order'->>'notional', b.request->'order'->>'qty')::numeric)
  then
    raise exception 'the parts of a block order are not its total' using errcode = '23514';
  end if;
  return null;
end
$$;
