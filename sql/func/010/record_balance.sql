-- Records what the admitted account is worth by the broker, which was asked p_age before
-- this transaction began: an age, so that the clocks of two machines are never compared,
-- and of the beginning, because the transaction may have waited since. What is dated in
-- the future, since Postgres' clock was set back, is replaced. p_versions and p_keys are
-- those of private.require_keys, which raises an error where they do not fit.
create or replace function private.record_balance(p_versions integer[], p_keys text[], p_equity numeric, p_last_equity numeric, p_cash numeric, p_age interval) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into app.account_balances as b (account_id, equity, last_equity, cash, as_of)
    values (private.require_keys(p_versions, p_keys), p_equity, p_last_equity, p_cash, now() - p_age)
    on conflict (account_id) do update set equity = excluded.equity, last_equity = excluded.last_equity, cash = excluded.cash, as_of = excluded.as_of
    where b.as_of < excluded.as_of or b.as_of > clock_timestamp();
end
$$;
