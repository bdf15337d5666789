-- Makes a session of the account's owner that lasts ten minutes, with this token:
-- by it the import stores API keys in the ordinary way. 22023: no such import is
-- running.
create or replace function private.begin_import_session(p_account uuid, p_import uuid, p_token text) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.lock_import(p_account, p_import, 'running');
  if char_length(p_token) < 32 then
    raise exception 'the token of a session has 32 characters or more' using errcode = '22023';
  end if;
  insert into auth.session (id, "expiresAt", token, "updatedAt", "userId")
    select 'import-' || gen_random_uuid(), now() + interval '10 minutes', p_token, now(), a.user_id from app.user_accounts a where a.id = p_account;
end
$$;
