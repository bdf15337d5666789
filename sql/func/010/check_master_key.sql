-- Compares a master key with the check value that the database keeps of its
-- version, and keeps the value the first time that a version is used. The value
-- is derived from the key, and the key does not follow from it.
--
-- Where credentials of the version are older than its check value, the caller
-- passes the account of one of them, with that account's derived key: it must
-- open them.
--
-- Where no version stores yet, this one does from now on, unless p_may_store is
-- false. Where one does, a new version is taken only from who has that key: one of
-- p_checks must be its check value. So the login alone adds none.
--
-- PD500: the key is another than the one of this version, or no key that may add
-- it was shown. 39000: it does not open the credentials that were named.
create or replace function private.check_master_key(p_key_version integer, p_check bytea,
  p_account uuid default null, p_key text default null, p_may_store boolean default true, p_checks bytea[] default '{}') returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if not exists (select from private.master_keys m where m.key_version = p_key_version) then
    if exists (select from private.user_credentials c where c.key_version = p_key_version) then
      perform from private.user_credentials c
        where c.account_id = p_account and c.key_version = p_key_version and ext.pgp_sym_decrypt_bytea(c.ciphertext, p_key) is not null;
      -- Another transaction may have checked it in this moment.
      if not found and not exists (select from private.master_keys m where m.key_version = p_key_version) then
        raise exception 'the master key of version % was never checked', p_key_version using errcode = 'PD500';
      end if;
    end if;
    if exists (select from private.master_keys m where m.stores and m.key_version <> p_key_version and (m.check_value = any (p_checks)) is not true) then
      raise exception 'version % of the master key is new here, and is taken from who has the key that stores', p_key_version using errcode = 'PD500';
    end if;
    -- Of instances that start at once, the first one's value stays.
    insert into private.master_keys (key_version, check_value) values (p_key_version, p_check) on conflict do nothing;
  end if;
  if not exists (select from private.master_keys m where m.key_version = p_key_version and m.check_value = p_check) then
    raise exception 'this is not the master key of version %', p_key_version using errcode = 'PD500';
  end if;
  if p_may_store and not exists (select from private.master_keys m where m.stores) then
    begin
      update private.master_keys m set stores = true where m.key_version = p_key_version and m.retired_at is null;
    exception when unique_violation then
      null; -- of instances that start at once, the first one's version stays
    end;
  end if;
end
$$;
