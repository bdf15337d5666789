-- Trigger: refuses to store credentials under another version of the master key
-- than the one that stores, whatever statement does it, so that a rotation comes to
-- an end and nothing comes under a retired version. The version's row is locked: a
-- rotation waits for those who store under the old version, and they for it.
--
-- PD501: another version stores.
create or replace function private.hold_key_version() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  storing boolean;
begin
  select m.stores into storing from private.master_keys m where m.key_version = new.key_version for share;
  if storing is not true then
    raise exception 'no credentials are stored under version % of the master key', new.key_version using errcode = 'PD501';
  end if;
  return new;
end
$$;
