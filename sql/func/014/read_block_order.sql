-- Returns one of the admitted user's block orders; asked by an API token, of those alone that
-- were made with it. Null where there is none.
create or replace function private.read_block_order(p_id uuid) returns jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  token uuid := private.token_id();
begin
  return private.block_order_json(b.id) from private.block_orders b
    where b.id = p_id and b.user_id = who and (token is null or b.token_id = token);
end
$$;
