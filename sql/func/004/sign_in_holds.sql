-- Reports whether that which signed somebody in still does: p_id is a session's id, or
-- token: and an API token's id, as private.sign_in returns it. A job asks so whether it
-- may be carried out, long after its request.
create or replace function private.sign_in_holds(p_id text, p_user text) returns boolean
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if starts_with(p_id, 'token:') then
    return exists (select from private.api_tokens t
      where t.id = substr(p_id, 7)::uuid and t.user_id = p_user and t.revoked_at is null and t.expires_at > clock_timestamp()
        and not exists (select from auth.disabled_users d where d.user_id = t.user_id));
  end if;
  return exists (select from auth.session s where s.id = p_id and s."userId" = p_user and s."expiresAt" > clock_timestamp());
end
$$;
