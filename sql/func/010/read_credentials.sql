-- Takes the outer layer off the admitted account's credentials, with the derived
-- key of their version; the caller passes the keys of all its versions in hex, and
-- takes off the inner layer itself. Returns no row if no credentials are stored.
-- owner is the user who owns the account.
-- Every decryption leaves a row in the audit log. last_decrypted_at is written once a
-- minute at most: requests would wait for each other to write it, and it is for people.
--
-- PD500: no key of the stored version was passed. 39000: the key does not fit
-- (a wrong master key, or a moved ciphertext).
create or replace function private.read_credentials(p_versions integer[], p_keys text[])
returns table (environment text, kind text, key_version integer, encrypted bytea, generation bigint, rejected boolean, owner text)
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  account uuid := private.require_account('reading credentials', 'read', 'work');
  ciphertext bytea;
  last_at timestamptz;
begin
  select u.environment, c.kind, c.key_version, c.generation, c.rejected_at is not null, u.user_id, c.ciphertext, c.last_decrypted_at
    into environment, kind, key_version, generation, rejected, owner, ciphertext, last_at
    from private.user_credentials c join app.user_accounts u on u.id = c.account_id
    where c.account_id = account;
  if not found then
    return;
  end if;
  if key_version <> all (p_versions) then
    raise exception 'no master key of version % was offered', key_version using errcode = 'PD500';
  end if;
  encrypted := ext.pgp_sym_decrypt_bytea(ciphertext, p_keys[array_position(p_versions, key_version)]);
  if last_at is null or clock_timestamp() not between last_at and last_at + interval '1 minute' then
    update private.user_credentials c set last_decrypted_at = clock_timestamp() where c.account_id = account;
  end if;
  perform private.audit(account, 'credentials.decrypt', jsonb_build_object('key_version', key_version));
  return next;
end
$$;
