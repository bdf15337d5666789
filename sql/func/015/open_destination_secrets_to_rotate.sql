-- Takes the outer layer off the secrets of these destinations, for a rotation, as
-- open_credentials_to_rotate does for API keys: the caller shows by each account's
-- derived key that it may. encrypted is null where the key does not open it.
create or replace function private.open_destination_secrets_to_rotate(p_accounts uuid[], p_destinations uuid[], p_versions integer[], p_keys text[])
returns table (account_id uuid, destination_id uuid, encrypted bytea)
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  s record;
begin
  for s in
    select u.account_id, u.destination_id, u.ciphertext, w.key
      from unnest(p_accounts, p_destinations, p_versions, p_keys) w (account, destination, version, key)
      join private.destination_secrets u on u.account_id = w.account and u.destination_id = w.destination and u.key_version = w.version
  loop
    account_id := s.account_id;
    destination_id := s.destination_id;
    begin
      encrypted := ext.pgp_sym_decrypt_bytea(s.ciphertext, s.key);
    exception when external_routine_invocation_exception then
      encrypted := null;
    end;
    return next;
  end loop;
end
$$;
