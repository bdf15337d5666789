-- Admits one request: looks its session up, checks that the session's user
-- holds a grant on the account, and sets app.user_id, app.account_id and
-- app.seal for this transaction. With no account the user alone is admitted.
-- Answers the user's id.
--
-- PD401: no such session, or it has expired. PD403: the account is unknown or
-- not this user's, which are told apart to nobody. 42501: admitted already.
create function private.admit(p_token text, p_account uuid) returns text
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who record;
  context text;
  done text;
begin
  -- A seal that does not hold is somebody's litter and stops nobody.
  if coalesce(current_setting('app.seal', true), '') <> '' and private.sealed(false) is not null then
    raise exception 'this transaction has been admitted already' using errcode = '42501';
  end if;

  select s."userId" as user_id, private.scopes_of(g.role, u.is_active) as scopes,
         k.id, k.inner_pad, k.outer_pad
    into who
    from auth.session s
    cross join (select * from private.seal_keys order by id desc limit 1) k
    left join app.account_grants g
      on g.account_id = p_account and g.user_id = s."userId"
      and (g.expires_at is null or g.expires_at > now())
    left join app.user_accounts u on u.id = g.account_id
    where s.token = p_token and s."expiresAt" > now();

  if not found then
    raise exception 'no such session' using errcode = 'PD401';
  end if;
  if p_account is not null and who.scopes is null then
    raise exception 'no access to this account' using errcode = 'PD403';
  end if;

  context := who.id || '.R.' || coalesce(who.scopes, '') || '.' || coalesce(p_account::text, '') || '.' || who.user_id;
  -- One expression instead of PERFORMs: plpgsql evaluates it without SPI.
  -- app.rings: this transaction's maker rings the doorbell itself.
  done := set_config('app.user_id', who.user_id, true)
    || set_config('app.account_id', coalesce(p_account::text, ''), true)
    || set_config('app.rings', 'own', true)
    || set_config('app.seal', encode(private.mac(who.inner_pad, who.outer_pad, context), 'hex') || context, true);
  return who.user_id;
end
$$;
