-- Revokes an API token and all that were made of it, and returns their ids: none where
-- there is no such token that holds. A session revokes its user's tokens, and a token
-- itself and those that were made of it.
create or replace function private.revoke_token(p_id uuid) returns uuid[]
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  token uuid := private.token_id();
  revoked uuid[] := '{}';
  level uuid[];
begin
  if who is null then
    raise exception 'nobody is admitted' using errcode = '42501';
  end if;
  with ended as (
    update private.api_tokens t set revoked_at = clock_timestamp()
      where t.id = p_id and t.user_id = who and t.revoked_at is null and (token is null or token = any (t.path)) returning t.id)
  select coalesce(array_agg(e.id), '{}') into level from ended e;
  -- Level by level: a token that is being made of one holds that one's row until it is
  -- there, and is seen by the next statement.
  while cardinality(level) > 0 loop
    revoked := revoked || level;
    with ended as (
      update private.api_tokens t set revoked_at = clock_timestamp()
        where t.user_id = who and t.revoked_at is null and t.path && level returning t.id)
    select coalesce(array_agg(e.id), '{}') into level from ended e;
  end loop;
  if cardinality(revoked) > 0 then
    perform private.audit(null, 'token.revoke', jsonb_build_object('token_id', p_id, 'revoked', revoked), who);
    perform private.audit(a.account_id, 'token.revoke', jsonb_build_object('token_id', p_id, 'revoked', revoked))
      from private.token_accounts a where a.token_id = p_id;
  end if;
  return revoked;
end
$$;
