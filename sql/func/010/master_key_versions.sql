-- Returns the versions of the master key that stored credentials need, how many
-- accounts need each, and, where a version has no check value yet, one of these
-- accounts.
create or replace function private.master_key_versions()
returns table (key_version integer, accounts bigint, unchecked_account uuid)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select c.key_version, count(*),
      case when m.key_version is null then (array_agg(c.account_id order by c.last_decrypted_at desc nulls last))[1] end
    from private.user_credentials c
    left join private.master_keys m on m.key_version = c.key_version
    group by c.key_version, m.key_version
$$;
