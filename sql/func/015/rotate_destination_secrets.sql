-- Replaces the secrets of these destinations by the same, encrypted under version p_to of the
-- master key, as rotate_credentials does for API keys, and returns how many it replaced.
-- p_was must be what p_keys opens, so that nobody changes a row who cannot open it.
--
-- PD500: the master key is not the one of p_to. PD501: another version stores by now.
create or replace function private.rotate_destination_secrets(p_accounts uuid[], p_destinations uuid[], p_versions integer[], p_keys text[], p_was bytea[],
  p_to integer, p_to_check bytea, p_to_keys text[], p_encrypted bytea[]) returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  w record;
  s private.destination_secrets;
  changed integer := 0;
begin
  perform private.check_master_key(p_to, p_to_check);
  perform from private.master_keys m where m.key_version = p_to for share;
  for w in
    select * from unnest(p_accounts, p_destinations, p_versions, p_keys, p_was, p_to_keys, p_encrypted) u (account, destination, version, key, was, to_key, becomes)
      order by u.account, u.destination
  loop
    select u.* into s from private.destination_secrets u where u.account_id = w.account and u.destination_id = w.destination for update;
    continue when not found or s.key_version <> w.version;
    continue when (ext.pgp_sym_decrypt_bytea(s.ciphertext, w.key) = w.was) is not true;
    update private.destination_secrets u set ciphertext = private.encrypt_outer(w.becomes, w.to_key), key_version = p_to
      where u.account_id = w.account and u.destination_id = w.destination;
    perform private.audit(w.account, 'credentials.rotate', jsonb_build_object('destination_id', w.destination, 'from', w.version, 'to', p_to));
    changed := changed + 1;
  end loop;
  return changed;
end
$$;
