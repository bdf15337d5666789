-- Makes a webhook of the admitted account, from the next event on, with the secret that
-- it is signed with. p_encrypted is what the server has encrypted already, and p_key the
-- account's derived key of the outer layer, as for API keys (store_credentials).
--
-- 42501: the scope "manage" is needed. PD419: the account is live, which takes a step-up,
-- since its events leave. PD433: the account has as many webhooks as it may. PD500: the
-- master key is not the one of this version. PD501: another version stores.
create or replace function private.make_webhook(p_id uuid, p_url text, p_kinds text[], p_key text, p_key_version integer, p_master_check bytea, p_encrypted bytea) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('making a webhook', 'manage');
begin
  perform private.require_step_up();
  perform private.check_master_key(p_key_version, p_master_check);
  perform private.lock_event_log();
  if (select count(*) from app.webhooks w where w.account_id = account) >= 10 then
    raise exception 'an account may have 10 webhooks' using errcode = 'PD433';
  end if;
  insert into app.webhooks (account_id, id, url, kinds, made_by, last_seq)
    values (account, p_id, p_url, p_kinds, private.user_id(), (select h.last_seq from app.event_heads h where h.account_id = account));
  insert into private.webhook_secrets (account_id, webhook_id, ciphertext, key_version)
    values (account, p_id, private.encrypt_outer(p_encrypted, p_key), p_key_version);
end
$$;
