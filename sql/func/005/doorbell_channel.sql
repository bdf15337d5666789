-- Returns the NOTIFY channel on which instances listen, and names it if it has
-- no name yet, as in a database that was restored from a backup. The name is
-- secret.
create or replace function private.doorbell_channel() returns text
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if not exists (select from private.doorbell) then
    insert into private.doorbell (channel) values ('paddock_' || encode(ext.gen_random_bytes(16), 'hex'))
      on conflict do nothing;
  end if;
  return (select d.channel from private.doorbell d);
end
$$;
