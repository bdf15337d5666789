-- Counts that an order of an account was refused, by its guards or by the broker, for the
-- account and for the API tokens that answer for the order. After max_refusals in a row the
-- account's switch is turned to reduce_only, or the token is stopped on this account. Only
-- definer functions and a trigger call it, in the transaction that records the refusal.
create or replace function private.count_refusal(p_account uuid, p_tokens uuid[]) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  counted integer;
  g app.account_guards;
  reason text;
  stopped record;
begin
  insert into app.refusal_runs as r (account_id, refusals) values (p_account, 1)
    on conflict (account_id) do update set refusals = r.refusals + 1 returning r.refusals into counted;
  select t.* into g from app.account_guards t where t.account_id = p_account;
  if counted >= g.max_refusals and g.switch = 'open' then
    reason := format('%s orders in a row were refused', counted);
    update app.account_guards t set switch = 'reduce_only', switch_reason = reason, updated_by = null, updated_at = now() where t.account_id = p_account;
    perform private.audit(p_account, 'guards.switch', jsonb_build_object('switch', 'reduce_only', 'reason', reason, 'refusals', counted));
    perform private.write_event(p_account, 'guard', jsonb_build_object('event', 'switch', 'switch', 'reduce_only', 'reason', reason));
  end if;
  if p_tokens is null then
    return;
  end if;
  insert into private.token_refusal_runs as r (account_id, token_id, refusals)
    select p_account, t.id, 1 from private.api_tokens t where t.id = any (p_tokens) and t.max_refusals is not null order by t.id
    on conflict (account_id, token_id) do update set refusals = r.refusals + 1;
  for stopped in
    update private.token_refusal_runs r set stopped_at = clock_timestamp() from private.api_tokens t
      where r.account_id = p_account and r.token_id = any (p_tokens) and r.stopped_at is null and t.id = r.token_id and r.refusals >= t.max_refusals
      returning r.token_id, r.refusals
  loop
    perform private.audit(p_account, 'token.stop', jsonb_build_object('token_id', stopped.token_id, 'refusals', stopped.refusals));
  end loop;
end
$$;
