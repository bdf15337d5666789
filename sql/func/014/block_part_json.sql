-- Returns a part of a block order as the API shows it, as far as the division goes.
create or replace function private.block_part_json(p_account uuid, p_sleeve uuid, p_weight numeric, p_equity numeric, p_amount numeric, p_in_dollars boolean) returns jsonb
immutable set search_path = pg_catalog, pg_temp
language sql as $$
  select jsonb_build_object('account_id', p_account, 'sleeve_id', p_sleeve, 'weight', trim_scale(p_weight)::text, 'equity', trim_scale(p_equity)::text,
    'qty', case when not p_in_dollars then trim_scale(p_amount)::text end, 'notional', case when p_in_dollars then trim_scale(p_amount)::text end)
$$;
