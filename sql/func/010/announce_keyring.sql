-- Records which versions of the master key a running instance has, for p_live from
-- now, five minutes at most: a rotation waits for what is recorded here. An instance calls it before it serves and every few seconds; where
-- p_versions is null it is over. A rotation goes by these rows
-- (set_storing_key_version). The first call of an instance locks the versions:
-- either the rotation sees the instance, or the instance the new version.
--
-- PD501: the instance lacks the version that stores, and must not serve.
create or replace function private.announce_keyring(p_holder uuid, p_versions integer[], p_live interval) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if p_versions is null then
    delete from private.instance_keyrings i where i.holder = p_holder;
    return;
  end if;
  if not exists (select from private.instance_keyrings i where i.holder = p_holder and i.live_until > clock_timestamp()) then
    perform from private.master_keys m order by m.key_version for share;
  end if;
  if exists (select from private.master_keys m where m.stores and m.key_version <> all (p_versions)) then
    raise exception 'this instance lacks the master key under which credentials are stored' using errcode = 'PD501';
  end if;
  insert into private.instance_keyrings as i (holder, versions, live_until)
    values (p_holder, p_versions, clock_timestamp() + least(p_live, interval '5 minutes'))
    on conflict (holder) do update set versions = excluded.versions, live_until = excluded.live_until;
  delete from private.instance_keyrings i
    where i.holder in (
      select d.holder from private.instance_keyrings d where d.live_until < clock_timestamp() - p_live for update skip locked);
end
$$;
