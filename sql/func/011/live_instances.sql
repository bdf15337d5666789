-- Returns the instances of the server that live, and how many accounts each can
-- stream.
create or replace function private.live_instances() returns table (holder uuid, most integer)
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select i.holder, i.most from private.stream_instances i where private.is_live(i.holder)
$$;
