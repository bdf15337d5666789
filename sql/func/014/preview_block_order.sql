-- Returns how a block order would be divided now, and makes nothing.
--
-- 42501: no user is admitted, or an account as well. PD403, PD475: an account is not the
-- user's to trade on (private.enter_account). PD473, PD474: it cannot be divided.
create or replace function private.preview_block_order(p_request jsonb) returns jsonb
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.require_block_accounts(p_request);
  return (select jsonb_build_object('total', (select trim_scale(sum(s.amount))::text from private.split_block_order(p_request) s),
      'parts', jsonb_agg(private.block_part_json(s.account_id, s.sleeve_id, s.weight, s.equity, s.amount, s.unit = 0.01) order by s.place))
    from private.split_block_order(p_request) s);
end
$$;
