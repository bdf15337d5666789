-- Returns the next events of a webhook that p_holder has claimed, p_most at most, and
-- with each the secret without its outer layer, which p_key opens. The last row may have
-- no kind: up to that number there is no event of a kind that is wanted, or none that is
-- kept any more.
create or replace function private.read_delivery(p_account uuid, p_webhook uuid, p_holder uuid, p_key text, p_most integer)
returns table (secret bytea, seq bigint, kind text, at timestamptz, data jsonb)
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  hook app.webhooks;
  head bigint;
  opened bytea;
  reached bigint;
begin
  select w.* into hook from app.webhooks w
    where w.account_id = p_account and w.id = p_webhook and w.holder = p_holder and w.live_until > clock_timestamp() and w.state = 'on';
  if not found then
    return;
  end if;
  head := (select h.last_seq from app.event_heads h where h.account_id = p_account);
  opened := (select ext.pgp_sym_decrypt_bytea(s.ciphertext, p_key) from private.webhook_secrets s where s.account_id = p_account and s.webhook_id = p_webhook);
  -- No more than a thousand are passed over at a time, so that it stays short.
  reached := least(head, hook.last_seq + 1000);
  return query
    select opened, e.seq, e.kind, e.at, e.data from app.account_events e
      where e.account_id = p_account and e.seq > hook.last_seq and e.seq <= reached and (hook.kinds is null or e.kind = any (hook.kinds))
      order by e.seq limit p_most;
  if not exists (select from app.account_events e
      where e.account_id = p_account and e.seq > hook.last_seq and e.seq <= reached and (hook.kinds is null or e.kind = any (hook.kinds))) then
    return query select opened, reached, null, null::timestamptz, null::jsonb;
  end if;
end
$$;
