-- Returns what may be shown of the admitted account's credentials: never a key.
create or replace function private.credentials_metadata()
returns table (kind text, key_last4 text, encryption_algorithm text, key_version integer,
  last_decrypted_at timestamptz, rejected_at timestamptz, created_at timestamptz, updated_at timestamptz)
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  select c.kind, c.key_last4, c.encryption_algorithm, c.key_version,
    c.last_decrypted_at, c.rejected_at, c.created_at, c.updated_at
  from private.user_credentials c
  where c.account_id = private.account_id('read');
end
$$;
