-- Returns the admitted account, for recording what the broker said of it. The caller
-- shows by the account's derived keys, which follow from the master key alone, that it
-- can open the account's API keys: p_keys are those of all its versions, as
-- private.read_credentials takes them. Nothing is decrypted for anybody, so nothing is
-- audited.
--
-- 42501: no key of the stored version was passed, or no credentials are stored, or the
-- admission lacks the scope "cancel". 39000: the key does not fit.
create or replace function private.require_keys(p_versions integer[], p_keys text[]) returns uuid
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('recording what the broker said', 'cancel');
begin
  if not exists (select from private.user_credentials c where c.account_id = account
      and ext.pgp_sym_decrypt_bytea(c.ciphertext, p_keys[array_position(p_versions, c.key_version)]) is not null) then
    raise exception 'what the broker said is recorded by who can open the account''s keys' using errcode = '42501';
  end if;
  return account;
end
$$;
