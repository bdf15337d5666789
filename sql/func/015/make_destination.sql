-- Makes a destination of the admitted account, from the next event on, with its secret.
-- p_set has its columns (type, address, kinds, topics, time_zone, quiet_from, quiet_until,
-- urgent, summary_at). p_encrypted is what the server has encrypted already, null where
-- there is no secret, and p_key the account's derived key of the outer layer, as for API
-- keys (store_credentials).
--
-- 42501: the scope "manage" is needed. PD419: the account is live, which takes a step-up,
-- since its events leave. PD433: the account has as many as it may. PD464, PD465: as
-- check_destination. PD500: the master key is not the one of this version. PD501: another
-- version stores.
create or replace function private.make_destination(p_id uuid, p_set jsonb, p_key text, p_key_version integer, p_master_check bytea, p_encrypted bytea) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('making a webhook or a notice', 'manage');
  made app.destinations := jsonb_populate_record(null::app.destinations, '{"time_zone": "UTC", "urgent": true}' || p_set);
begin
  perform private.require_step_up();
  perform private.check_master_key(p_key_version, p_master_check);
  perform private.lock_event_log();
  if (select count(*) from app.destinations d where d.account_id = account and (d.type = 'webhook') = (made.type = 'webhook')) >= 10 then
    raise exception 'an account may have 10' using errcode = 'PD433', detail = made.type;
  end if;
  perform private.check_destination(made.type, made.time_zone);
  insert into app.destinations (account_id, id, type, address, kinds, topics, time_zone, quiet_from, quiet_until, urgent, summary_at, made_by, last_seq)
    values (account, p_id, made.type, made.address, made.kinds, made.topics, made.time_zone, made.quiet_from, made.quiet_until, made.urgent, made.summary_at,
      private.user_id(), (select h.last_seq from app.event_heads h where h.account_id = account));
  if p_encrypted is not null then
    insert into private.destination_secrets (account_id, destination_id, ciphertext, key_version)
      values (account, p_id, private.encrypt_outer(p_encrypted, p_key), p_key_version);
  end if;
end
$$;
