-- Encrypts and stores the admitted account's credentials, and records which
-- broker account they open. p_encrypted is what the server encrypted already, with
-- a key that never comes here: whoever reads a log of these parameters has p_key
-- alone, which opens the outer of the two layers. p_key is the row's derived key
-- in hex.
-- p_master_check is the check value of the master key that p_key was derived
-- from (see check_master_key), so that nothing is stored under a wrong one.
--
-- 42501: the scope "manage" is needed. PD419: the account is live, which takes a step-up. PD457: as in private.set_guards. PD500: the master key is not the one of
-- this version. PD501: another version stores, since a moment ago maybe: ask for
-- it (storing_key_version) and encrypt again. PD409: these keys open another broker account than the one
-- recorded. 23505: this user has connected that broker account already.
create or replace function private.store_credentials(
  p_key text, p_key_version integer, p_master_check bytea, p_kind text, p_encrypted bytea, p_last4 text,
  p_alpaca_account_id uuid, p_alpaca_account_number text) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('storing credentials', 'manage');
begin
  perform private.require_step_up();
  perform private.require_approval('credentials', jsonb_build_object('kind', p_kind, 'key_last4', p_last4, 'alpaca_account_id', p_alpaca_account_id));
  perform private.check_master_key(p_key_version, p_master_check);
  if p_alpaca_account_id is null then
    raise exception 'the broker account that these keys open must be known' using errcode = '22004';
  end if;

  perform private.lock_event_log();
  update app.user_accounts u
    set alpaca_account_id = p_alpaca_account_id, alpaca_account_number = p_alpaca_account_number, updated_at = now()
    where u.id = account and (u.alpaca_account_id is null or u.alpaca_account_id = p_alpaca_account_id);
  if not found then
    raise exception 'these keys open another broker account' using errcode = 'PD409';
  end if;

  insert into private.user_credentials as c
      (account_id, kind, ciphertext, encryption_algorithm, key_version, key_last4)
    values (account, p_kind,
      private.encrypt_outer(p_encrypted, p_key),
      'aes256-gcm+pgp-sym-aes256', p_key_version, p_last4)
    on conflict (account_id) do update
      set kind = excluded.kind, ciphertext = excluded.ciphertext,
          encryption_algorithm = excluded.encryption_algorithm, key_version = excluded.key_version,
          key_last4 = excluded.key_last4, last_decrypted_at = null, rejected_at = null,
          generation = c.generation + 1, updated_at = now();

  perform private.audit(account, 'credentials.store', jsonb_build_object('key_last4', p_last4, 'key_version', p_key_version));
  perform private.append_event('credentials', jsonb_build_object('state', 'stored', 'key_last4', p_last4));
end
$$;
