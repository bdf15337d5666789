-- Replaces the credentials of these accounts by the same, encrypted under version
-- p_to of the master key, and returns the accounts for which it did. p_versions,
-- p_keys and p_was are what each was opened with and what was found
-- (open_credentials_to_rotate); p_to_keys and p_encrypted what it becomes. Where
-- the row is not what was read, because its user has stored other keys, a second
-- rotation was faster, or it was deleted, it stays as it is: p_was must be what
-- p_keys opens. So nobody changes a row who cannot open it.
--
-- It locks first the version and then the accounts in the order of their ids, so
-- that two rotations, and users who store keys, wait for each other and never in a
-- circle. Nobody's stream begins again: the keys are the same.
--
-- PD500: the master key is not the one of p_to. PD501: another version stores by
-- now.
create or replace function private.rotate_credentials(
  p_accounts uuid[], p_versions integer[], p_keys text[], p_was bytea[],
  p_to integer, p_to_check bytea, p_to_keys text[], p_encrypted bytea[]) returns setof uuid
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  w record;
  c private.user_credentials;
begin
  perform private.check_master_key(p_to, p_to_check);
  perform from private.master_keys m where m.key_version = p_to for share;
  for w in
    select * from unnest(p_accounts, p_versions, p_keys, p_was, p_to_keys, p_encrypted) u (account, version, key, was, to_key, becomes)
      order by u.account
  loop
    select u.* into c from private.user_credentials u where u.account_id = w.account for update;
    continue when not found or c.key_version <> w.version;
    -- A key that is null opens nothing, and gives null.
    continue when (ext.pgp_sym_decrypt_bytea(c.ciphertext, w.key) = w.was) is not true;
    update private.user_credentials u
      set ciphertext = private.encrypt_outer(w.becomes, w.to_key), key_version = p_to,
          encryption_algorithm = 'aes256-gcm+pgp-sym-aes256', last_decrypted_at = clock_timestamp()
      where u.account_id = w.account;
    perform private.audit(w.account, 'credentials.rotate', jsonb_build_object('from', w.version, 'to', p_to));
    return next w.account;
  end loop;
end
$$;
