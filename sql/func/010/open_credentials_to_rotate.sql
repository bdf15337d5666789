-- Takes the outer layer off the credentials of these accounts, for a rotation. No
-- admission is asked: the caller shows by each account's derived key, which
-- follows from the master key alone, that it may. p_versions and p_keys are those
-- that the accounts were encrypted with. encrypted is null where the key does not
-- open the row: it was damaged or moved. An account whose credentials are gone, or
-- under another version by now, has no row. Every decryption leaves a row in the
-- audit log.
create or replace function private.open_credentials_to_rotate(p_accounts uuid[], p_versions integer[], p_keys text[])
returns table (account_id uuid, encrypted bytea)
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  c record;
begin
  for c in
    select u.account_id, u.key_version, u.ciphertext, w.key
      from unnest(p_accounts, p_versions, p_keys) w (account, version, key)
      join private.user_credentials u on u.account_id = w.account and u.key_version = w.version
  loop
    account_id := c.account_id;
    begin
      encrypted := ext.pgp_sym_decrypt_bytea(c.ciphertext, c.key);
      if encrypted is not null then  -- it is where the key is null
        perform private.audit(c.account_id, 'credentials.decrypt', jsonb_build_object('key_version', c.key_version, 'for', 'rotation'));
      end if;
    exception when external_routine_invocation_exception then
      encrypted := null;
    end;
    return next;
  end loop;
end
$$;
