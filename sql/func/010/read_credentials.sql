-- Takes the outer layer off the admitted account's credentials, with the derived
-- key of their version; the caller passes the keys of all its versions in hex, and
-- takes off the inner layer itself. Returns no row if no credentials are stored.
-- owner is the user who owns the account.
-- Every decryption leaves a row in the audit log.
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
  c record;
  place integer;
begin
  update private.user_credentials u set last_decrypted_at = clock_timestamp()
    where u.account_id = account
    returning u.* into c;
  if not found then
    return;
  end if;
  place := array_position(p_versions, c.key_version);
  if place is null then
    raise exception 'no master key of version % was offered', c.key_version using errcode = 'PD500';
  end if;
  perform private.audit(account, 'credentials.decrypt', jsonb_build_object('key_version', c.key_version));
  return query
    select u.environment, c.kind, c.key_version, ext.pgp_sym_decrypt_bytea(c.ciphertext, p_keys[place]), c.generation, c.rejected_at is not null, u.user_id
    from app.user_accounts u where u.id = account;
end
$$;
