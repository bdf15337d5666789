-- Trigger: raises the high-water mark to what an account is worth, where that is more. A
-- reading from before the owner's reset changes nothing, unless the clock was set back
-- since: then that cannot be told, and it counts.
create or replace function private.raise_high_water_mark() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into app.high_water_marks as m (account_id, equity, reached_at) values (new.account_id, new.equity, new.as_of)
    on conflict (account_id) do update set equity = excluded.equity, reached_at = excluded.reached_at
      where (m.equity is null or m.equity < excluded.equity)
        and (m.reset_at is null or m.reset_at <= excluded.reached_at or m.reset_at > clock_timestamp());
  return null;
end
$$;
