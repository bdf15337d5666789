-- Lets an API token go on that refusals in a row have stopped, on each account on which it
-- was, and reports whether there is such a token of the user's that holds. A person does
-- this in a session: neither the token itself nor one of which it was made.
--
-- PD419: the token may trade on a live account, which takes a step-up. 42501: it was asked
-- for with a token.
create or replace function private.reset_token(p_id uuid) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  began record;
begin
  if who is null or private.token_id() is not null then
    raise exception 'a user resets a token in a session, and no token does' using errcode = '42501';
  end if;
  if not exists (select from private.api_tokens t where t.id = p_id and t.user_id = who and t.revoked_at is null and t.expires_at > now()) then
    return false;
  end if;
  if exists (select from private.token_accounts a join private.api_tokens t on t.id = a.token_id join app.user_accounts u on u.id = a.account_id
      where t.id = p_id and 'trade' = any (t.scopes) and not t.paper_only and u.environment = 'live') and not private.has_stepped_up() then
    raise exception 'this session has to show its password or a code again' using errcode = 'PD419';
  end if;
  for began in
    update private.token_refusal_runs r set refusals = 0, stopped_at = null from private.token_accounts a
      where a.token_id = p_id and r.account_id = a.account_id and r.token_id = p_id and (r.refusals > 0 or r.stopped_at is not null) returning r.account_id
  loop
    perform private.audit(began.account_id, 'token.reset', jsonb_build_object('token_id', p_id));
  end loop;
  return true;
end
$$;
