-- Notes when API tokens were last used, by their digests.
create or replace function private.note_token_uses(p_digests bytea[], p_at timestamptz[]) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update private.api_tokens t set last_used_at = u.at
    from unnest(p_digests, p_at) u (digest, at)
    where t.digest = u.digest and (t.last_used_at is null or t.last_used_at < u.at);
end
$$;
