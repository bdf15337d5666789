-- Returns the API token by which this transaction was admitted, and the accounts that it
-- reaches, with what the token and its user's role both allow there; null for a session.
create or replace function private.current_token() returns jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  token uuid := private.token_id();
begin
  return (select jsonb_build_object('id', t.id, 'name', t.name, 'scopes', t.scopes, 'paper_only', t.paper_only, 'expires_at', app.rfc3339(t.expires_at),
      'accounts', (select coalesce(jsonb_agg(jsonb_build_object('id', u.id, 'name', u.name, 'environment', u.environment, 'role', g.role, 'is_active', u.is_active,
            'scopes', string_to_array(private.token_scopes_for_role(g.role, u.is_active, t.scopes), ','), 'sleeve_id', a.sleeve_id)
          order by u.name, u.id), '[]')
        from private.token_accounts a
        join app.user_accounts u on u.id = a.account_id and (u.environment = 'paper' or not t.paper_only)
        join private.usable_grants() g on g.account_id = a.account_id and g.user_id = who
        where a.token_id = t.id))
    from private.api_tokens t where t.id = token);
end
$$;
