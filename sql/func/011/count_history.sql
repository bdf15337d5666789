-- Counts what an import of the admitted account's history stores as stored for the
-- account's owner. Raises PD430, with the seconds to wait as its detail, where that is
-- more than a user may have stored in a day: the import goes on then. Only the worker
-- of an account has anything counted.
create or replace function private.count_history(p_bytes bigint) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.count_stored('history', greatest(p_bytes, 0), true,
    (select u.user_id from app.user_accounts u where u.id = private.account_id('work')));
end
$$;
