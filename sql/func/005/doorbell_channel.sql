-- Returns the NOTIFY channel on which instances listen. Its name is secret.
create or replace function private.doorbell_channel() returns text
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select d.channel from private.doorbell d
$$;
