-- Makes a new key for the seal and keeps the one before it, so that
-- transactions under way stay admitted. maintain_seal_key calls it when it is
-- time. An operator who calls it twice ends every seal of a key that was seen.
create or replace function private.renew_seal_key() returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  key bytea := ext.gen_random_bytes(32);
  inner_pad bytea := decode(repeat('36', 64), 'hex');
  outer_pad bytea := decode(repeat('5c', 64), 'hex');
  newest bigint;
begin
  lock table private.seal_keys in exclusive mode;  -- a second renewal waits, readers do not
  newest := (select coalesce(max(k.id), 0) + 1 from private.seal_keys k);
  for i in 0 .. 31 loop
    inner_pad := set_byte(inner_pad, i, get_byte(inner_pad, i) # get_byte(key, i));
    outer_pad := set_byte(outer_pad, i, get_byte(outer_pad, i) # get_byte(key, i));
  end loop;
  update private.seal_keys k set is_current = false where k.is_current;
  insert into private.seal_keys (id, inner_pad, outer_pad) values (newest, inner_pad, outer_pad);
  delete from private.seal_keys k where k.id < newest - 1;
end
$$;
