-- Makes a new key for the seal if there is none or if the current one is an hour
-- old, and reports whether it did. Every instance calls it every few minutes, and
-- paddock migrate too: however many call, a key is renewed once an hour, and the
-- one before it goes on checking for another hour. So transactions under way
-- stay admitted, unless they last for more than an hour.
--
-- A key whose time is still to come counts as old: the clock was set back.
create or replace function private.maintain_seal_key() returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  lock table private.seal_keys in exclusive mode;  -- a second caller waits, readers do not
  if exists (select from private.seal_keys k where k.is_current
      and k.created_at between clock_timestamp() - interval '1 hour' and clock_timestamp() + interval '1 minute') then
    return false;
  end if;
  perform private.renew_seal_key();
  return true;
end
$$;
