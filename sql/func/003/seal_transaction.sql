-- Admits this transaction to an account ('' for none) as a user, for a request of origin:
-- sets what it is admitted to, and the seal over that, by the current key. p_door is what the
-- seal says behind the key's id (private.check_seal). Only definer functions that have
-- decided that it may be call it; private.admit does the same with the key that it has read
-- together with the session.
create or replace function private.seal_transaction(p_door text, p_account text, p_user text, p_origin text) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  key private.seal_keys;
  door text;
  done text;
begin
  select k.* into key from private.seal_keys k where k.is_current;
  door := key.id || p_door;
  done := set_config('app.user_id', p_user, true)
    || set_config('app.account_id', p_account, true)
    || set_config('app.origin', p_origin, true)
    || set_config('app.seal', encode(private.seal_mac(key.inner_pad, key.outer_pad, door, p_account, p_user, p_origin), 'hex') || door, true);
end
$$;
