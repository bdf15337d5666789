-- Retires a version of the master key that nothing needs any more: no credentials
-- can be stored under it from then on. To retire it again changes nothing.
-- p_check is the check value of the version that stores, which only who has that
-- key knows.
--
-- PD500: it is not the check value of the version that stores. 55000: the version
-- is unknown, is the one that stores, or still has credentials or secrets of destinations; the message says
-- what to do.
create or replace function private.retire_master_key(p_version integer, p_check bytea) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  needing bigint;
begin
  perform from private.master_keys m order by m.key_version for update;
  if not exists (select from private.master_keys m where m.stores and m.check_value = p_check) then
    raise exception 'this is not the master key that stores' using errcode = 'PD500';
  end if;
  if not exists (select from private.master_keys m where m.key_version = p_version) then
    raise exception 'this database has never used version % of the master key: see paddock keys status', p_version using errcode = '55000';
  end if;
  if exists (select from private.master_keys m where m.key_version = p_version and m.stores) then
    raise exception 'credentials are stored under version % of the master key: rotate to another version first', p_version using errcode = '55000';
  end if;
  select count(*) into needing from private.user_credentials c where c.key_version = p_version;
  if needing > 0 then
    raise exception 'the credentials of % account(s) are still encrypted under version % of the master key: run paddock keys rotate first', needing, p_version using errcode = '55000';
  end if;
  if exists (select from private.destination_secrets s where s.key_version = p_version) then
    raise exception 'secrets of webhooks or notices are still encrypted under version % of the master key: run paddock keys rotate first', p_version using errcode = '55000';
  end if;
  update private.master_keys m set retired_at = clock_timestamp() where m.key_version = p_version and m.retired_at is null;
  if found then
    perform private.audit(null, 'keys.retire', jsonb_build_object('key_version', p_version));
  end if;
end
$$;
