-- Returns the accounts whose credentials are encrypted under another version of
-- the master key than p_version, in the order of their ids and after p_after, at
-- most p_limit. Nothing is decrypted.
create or replace function private.credentials_to_rotate(p_version integer, p_after uuid, p_limit integer)
returns table (account_id uuid, key_version integer)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select c.account_id, c.key_version
    from private.user_credentials c
    where c.key_version <> p_version and c.account_id > p_after
    order by c.account_id
    limit p_limit
$$;
