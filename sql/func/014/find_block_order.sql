-- Returns the block order that whoever is admitted has made under a key; null where there is
-- none.
--
-- PD472: the key came with another request.
create or replace function private.find_block_order(p_key text, p_hash bytea) returns jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  token uuid := private.token_id();
  block private.block_orders;
begin
  select b.* into block from private.block_orders b
    where b.user_id = who and b.sender = case when token is null then 'session' else token::text end and b.idempotency_key = p_key;
  if not found then
    return null;
  end if;
  if block.request_hash is distinct from p_hash then
    raise exception 'another block order has this key' using errcode = 'PD472';
  end if;
  return private.block_order_json(block.id);
end
$$;
