-- Returns the destinations whose secrets are encrypted under another version of the master
-- key than p_version, after one of an account, in the order of both ids, at most p_limit.
create or replace function private.destination_secrets_to_rotate(p_version integer, p_account uuid, p_destination uuid, p_limit integer)
returns table (account_id uuid, destination_id uuid, key_version integer)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select s.account_id, s.destination_id, s.key_version from private.destination_secrets s
    where s.key_version <> p_version and (s.account_id, s.destination_id) > (p_account, p_destination)
    order by s.account_id, s.destination_id limit p_limit
$$;
