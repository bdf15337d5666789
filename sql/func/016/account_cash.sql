-- Returns the account's cash: what the broker last said, with what was traded since by
-- the times of the executions. What was known here before is in it already, whatever the
-- broker's clock says. NULL where the broker's answer had none.
create or replace function app.account_cash(p_account uuid) returns numeric
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return (select b.cash + (select coalesce(sum(f.qty * f.price * f.multiplier * case f.side when 'buy' then -1 else 1 end), 0)
      from app.fills f where f.account_id = p_account and f.at > b.as_of and f.recorded_at > b.as_of and f.state = 'live')
    from app.account_balances b where b.account_id = p_account);
end
$$;
