-- Counts a check of API keys that the admitted user is about to have made at
-- the broker, and returns NULL; or counts nothing and returns how long to wait
-- where the user has had as many as one may: 10 in a minute, 100 in a day. With
-- p_refused it counts, after the check, that the broker refused the keys, which
-- counts for two more: somebody who guesses keys has fewer tries.
--
-- All checks come from this server's address, so that the broker would hold
-- everybody's against one user's. So they count by user and not by account, of
-- which a user can have many.
create or replace function private.count_key_check(p_refused boolean) returns interval
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('checking keys', 'manage');
  at timestamptz := clock_timestamp();
  weight integer := case when p_refused then 2 else 1 end;
  c private.key_checks;
begin
  insert into private.key_checks as k (user_id) values (private.user_id())
    on conflict (user_id) do update set
      minute_from = case when k.minute_from > at - interval '1 minute' then k.minute_from else at end,
      in_minute = case when k.minute_from > at - interval '1 minute' then k.in_minute else 0 end,
      day_from = case when k.day_from > at - interval '1 day' then k.day_from else at end,
      in_day = case when k.day_from > at - interval '1 day' then k.in_day else 0 end
    returning * into c;
  if not p_refused and (c.in_minute >= 10 or c.in_day >= 100) then
    return case when c.in_day >= 100 then c.day_from + interval '1 day' else c.minute_from + interval '1 minute' end - at;
  end if;
  update private.key_checks k set in_minute = k.in_minute + weight, in_day = k.in_day + weight where k.user_id = c.user_id;
  return null;
end
$$;
