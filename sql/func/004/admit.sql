-- Admits one request: looks up its session or API token, checks that its user has
-- a grant on the account and that the token reaches it, and sets app.user_id,
-- app.account_id and app.seal for this transaction. Without an account only the
-- user is admitted. Returns the user's id.
--
-- p_origin says which request this is, for the audit: its id, the client's
-- address, and its method and path, with spaces between them (see
-- private.origin). It is kept in app.origin, behind the session's id or the token's
-- (private.sign_in), and the seal
-- covers it, so that no statement of the request can change what the audit will
-- say.
--
-- PD401: there is no such session or token, or it has ended. PD403: there is no such
-- account, the user has no grant on it, or the token does not reach it; nobody is
-- told which.
-- 42501: this transaction is admitted already.
create or replace function private.admit(p_token text, p_account uuid, p_origin text default '') returns text
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text;
  scopes text;
  key text;
  inner_key bytea;
  outer_key bytea;
  account text := coalesce(p_account::text, '');
  origin text;
  door text;
  done text;
begin
  -- Any SQL can set app.seal. A value that is no valid seal counts as none, so
  -- that it cannot keep a request out; it is overwritten below.
  if coalesce(current_setting('app.seal', true), '') <> '' and private.check_seal(false) is not null then
    raise exception 'this transaction has been admitted already' using errcode = '42501';
  end if;

  -- The two are alike, but for what tells who signs in (private.sign_in). No session's token
  -- begins with pdk_: that of a session has no underscore.
  if starts_with(p_token, 'pdk_') then
    select s.user_id, s.id || ' ' || left(p_origin, 400), private.token_scopes_for_role(g.role, s.is_active, s.scopes),
        k.id::text, k.inner_pad, k.outer_pad
      into who, origin, scopes, key, inner_key, outer_key
      from private.token_sign_in(p_token, p_account) s
      cross join private.seal_keys k
      left join private.usable_grants() g
        on g.account_id = p_account and g.user_id = s.user_id
        and s.reaches
      where k.is_current;
  else
    select s.user_id, s.id || ' ' || left(p_origin, 400), private.scopes_for_role(g.role, u.is_active),
        k.id::text, k.inner_pad, k.outer_pad
      into who, origin, scopes, key, inner_key, outer_key
      from private.session_sign_in(p_token) s
      cross join private.seal_keys k
      left join private.usable_grants() g
        on g.account_id = p_account and g.user_id = s.user_id
      left join app.user_accounts u on u.id = g.account_id
      where k.is_current;
  end if;

  if who is null then
    raise exception 'no such session' using errcode = 'PD401';
  end if;
  if p_account is not null and scopes is null then
    raise exception 'no access to this account' using errcode = 'PD403';
  end if;

  door := key || '.R.' || coalesce(scopes, '');
  -- One expression is faster than three PERFORMs: plpgsql needs no SPI for it.
  done := set_config('app.user_id', who, true)
    || set_config('app.account_id', account, true)
    || set_config('app.origin', origin, true)
    || set_config('app.seal', encode(private.seal_mac(inner_key, outer_key, door, account, who, origin), 'hex') || door, true);
  return who;
end
$$;
