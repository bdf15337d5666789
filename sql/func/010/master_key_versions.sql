-- Returns the versions of the master key that the database knows or needs: how many
-- accounts' credentials are encrypted under each; one of these accounts, where the
-- version has no check value yet; whether it is the one that stores; when it was
-- retired; and whether the check value that the caller passes for it is the one
-- that is kept, NULL where either is missing.
create or replace function private.master_key_versions(p_versions integer[] default '{}', p_checks bytea[] default '{}')
returns table (key_version integer, accounts bigint, unchecked_account uuid, stores boolean, retired_at timestamptz, matches boolean)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  with needed as (
    select c.key_version, count(*) as accounts, (array_agg(c.account_id order by c.last_decrypted_at desc nulls last))[1] as one
      from private.user_credentials c group by c.key_version
  )
  select coalesce(m.key_version, n.key_version), coalesce(n.accounts, 0), case when m.key_version is null then n.one end,
      coalesce(m.stores, false), m.retired_at, m.check_value = w.value
    from needed n
    full join private.master_keys m on m.key_version = n.key_version
    left join unnest(p_versions, p_checks) w (version, value) on w.version = m.key_version
$$;
