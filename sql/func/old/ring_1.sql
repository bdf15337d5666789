-- Rings the doorbell. The payload is empty: a ring says only that there is
-- news, and readers ask the log what it is. Meant for a transaction of its
-- own with synchronous_commit off, since NOTIFY holds a database-wide lock
-- while it commits.
create function private.ring() returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform pg_notify((select d.channel from private.doorbell d), '');
end
$$;
