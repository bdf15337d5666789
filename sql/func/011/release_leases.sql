-- Gives the holder's leases on these accounts back at once. Without a list it
-- gives back all, and the holder counts as gone, as at a shutdown. The others look
-- at all accounts then.
create or replace function private.release_leases(p_holder uuid, p_accounts uuid[]) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language sql as $$
  delete from private.signs_of_life s where s.holder = p_holder and p_accounts is null;
  delete from private.stream_instances i where i.holder = p_holder and p_accounts is null;
  select nextval('private.stream_changes');
  update app.stream_leases l set holder = null
    where l.holder = p_holder and (p_accounts is null or l.account_id = any (p_accounts))
$$;
