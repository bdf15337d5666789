-- Writes that the admitted request asks the broker for something that leaves no
-- other row here, in the transaction that opens the keys for it. Each of these
-- actions needs the scope of those who may do it (42501), and an export or a change of the
-- broker's settings of a live account a step-up (PD419).
create or replace function private.audit_call(p_action text, p_detail jsonb default '{}') returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid;
begin
  account := case
    when p_action in ('order.cancel', 'order.cancel_all') then private.require_account('canceling orders', 'cancel')
    when p_action in ('watchlist.change', 'option.exercise', 'option.decline') then private.require_account('changing this', 'trade')
    when p_action in ('configuration.change', 'audit.export') then private.require_account('changing the account', 'manage')
  end;
  if account is null then
    raise exception '% is no action that a request says of itself', p_action using errcode = '22023';
  end if;
  -- To suspend trading must be possible at any moment, and lets nothing through.
  if p_action = 'audit.export' or p_action = 'configuration.change' and p_detail->'body' is distinct from '{"suspend_trade": true}' then
    perform private.require_step_up();
  end if;
  perform private.audit(account, p_action, p_detail);
end
$$;
