-- Trigger: counts the answer that is kept of a request as stored for its user. It
-- is refused only where the account holds nothing, so that no closing is.
create or replace function private.count_kept_answer() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.count_stored('orders', 1000,
    not exists (select from app.alpaca_positions p where p.account_id = new.account_id and p.qty <> 0));
  return new;
end
$$;
