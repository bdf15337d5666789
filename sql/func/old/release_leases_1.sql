-- Gives the holder's leases back at once, for a shutdown that hands over.
create function private.release_leases(p_holder uuid) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language sql as $$
  update app.stream_leases l set expires_at = '-infinity' where l.holder = p_holder
$$;
