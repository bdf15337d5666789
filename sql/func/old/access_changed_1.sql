-- Rings so that every socket's access is looked at again: a session was ended
-- or shortened, or a grant taken or changed. Such changes are rare, so that
-- they may ring in their own transaction.
create function private.access_changed() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform pg_notify(d.channel, '!') from private.doorbell d;
  return null;
end
$$;
