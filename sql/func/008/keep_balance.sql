-- Trigger: keeps what an account was worth, as the last reading of its hour. A
-- reading that is older than the one that is kept changes nothing.
create or replace function private.keep_balance() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into app.balance_history as h (account_id, hour, equity, last_equity, cash, as_of)
    values (new.account_id, date_trunc('hour', new.as_of, 'UTC'), new.equity, new.last_equity, new.cash, new.as_of)
    on conflict (account_id, hour) do update
      set equity = excluded.equity, last_equity = excluded.last_equity, cash = excluded.cash, as_of = excluded.as_of
      where h.as_of < excluded.as_of;
  return null;
end
$$;
