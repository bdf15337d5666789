-- Makes a version of the master key the one under which credentials are stored.
-- p_check is its check value (check_master_key), which only who has the key knows,
-- and one of p_checks that of the version that stores now: where no instance runs
-- that would be asked, whoever has the login alone could otherwise have credentials
-- stored under a version of which nobody has the key.
-- It waits for transactions that store under the version before.
--
-- PD500: the key is another than the one of this version, or the one that stores
-- was not shown. 55000: the version is retired, or a running instance lacks it and
-- could not read what is stored; the message says what to do.
create or replace function private.set_storing_key_version(p_version integer, p_check bytea, p_checks bytea[]) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  lacking bigint;
  latest timestamptz;
begin
  perform private.check_master_key(p_version, p_check, p_checks => p_checks);
  perform from private.master_keys m order by m.key_version for update;
  if exists (select from private.master_keys m where m.key_version = p_version and m.retired_at is not null) then
    raise exception 'version % of the master key is retired: give a new one, with the next version, to every instance', p_version using errcode = '55000';
  end if;
  select count(*), max(i.live_until) into lacking, latest
    from private.instance_keyrings i where i.live_until > clock_timestamp() and p_version <> all (i.versions);
  if lacking > 0 then
    raise exception '% running instance(s) lack version % of the master key: add it to the master keys of each, restart them, and run this again (one that was killed counts as running for % more seconds)',
      lacking, p_version, ceil(extract(epoch from latest - clock_timestamp())) using errcode = '55000';
  end if;
  if exists (select from private.master_keys m where m.stores and (m.check_value = any (p_checks)) is not true) then
    raise exception 'this is not the master key that stores' using errcode = 'PD500';
  end if;
  update private.master_keys m set stores = false where m.stores and m.key_version <> p_version;
  update private.master_keys m set stores = true where m.key_version = p_version and not m.stores;
  if found then
    perform private.audit(null, 'keys.store_under', jsonb_build_object('key_version', p_version));
  end if;
end
$$;
