-- Returns the admitted user's block orders before a time and id, newest first; asked by an
-- API token, those alone that were made with it.
create or replace function private.list_block_orders(p_before timestamptz, p_before_id uuid, p_most integer)
returns table (id uuid, made_at timestamptz, rest jsonb)
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  who text := private.user_id();
  token uuid := private.token_id();
begin
  return query select b.id, b.made_at, private.block_order_json(b.id) - 'id' - 'made_at' from private.block_orders b
    where b.user_id = who and (token is null or b.token_id = token) and (b.made_at, b.id) < (p_before, p_before_id)
    order by b.made_at desc, b.id desc limit p_most;
end
$$;
