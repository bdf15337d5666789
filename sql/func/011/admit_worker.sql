-- Admits background work to one account, by the lease that its instance holds
-- while it lives. The lease's row stays locked until the commit, so that it cannot
-- change hands meanwhile and two holders never both write. Whether the holder lives
-- is asked with the lock in hand: from then on nobody can take the lease over.
--
-- PD403: the lease is not, or no longer, this holder's. 42501: this transaction
-- is admitted already.
create or replace function private.admit_worker(p_account uuid, p_holder uuid, p_fence bigint) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  key record;
  door text;
  done text;
begin
  -- Any SQL can set app.seal. A value that is no valid seal counts as none, so
  -- that it cannot keep the worker out; it is overwritten below.
  if coalesce(current_setting('app.seal', true), '') <> '' and private.check_seal(false) is not null then
    raise exception 'this transaction has been admitted already' using errcode = '42501';
  end if;

  perform from app.stream_leases l
    where l.account_id = p_account and l.holder = p_holder and l.fence = p_fence
    for key share;
  if not found or not private.is_live(p_holder) then
    raise exception 'the lease on this account is held no longer' using errcode = 'PD403';
  end if;

  select k.id, k.inner_pad, k.outer_pad into key from private.seal_keys k where k.is_current;
  door := key.id || '.W.work';
  done := set_config('app.user_id', '', true)
    || set_config('app.origin', '', true)
    || set_config('app.account_id', p_account::text, true)
    || set_config('app.seal', encode(private.seal_mac(key.inner_pad, key.outer_pad, door, p_account::text, '', ''), 'hex') || door, true);
end
$$;
