-- Counts bytes that are about to be stored for a user, by default the admitted one, as
-- p_what ('logs', 'orders' or 'history'), and raises PD430 with the seconds to wait as
-- its detail where that is more than a user may have stored in a day
-- (private.storage_limit). Without p_refuse it only counts. What no user asks for is
-- not counted. Each kind is counted apart, so that an agent which logs too much goes
-- on trading. Only definer functions call it.
create or replace function private.count_stored(p_what text, p_bytes bigint, p_refuse boolean, p_user text default private.user_id()) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  at timestamptz := clock_timestamp();
  s private.stored_bytes;
begin
  if p_user is null then
    return;
  end if;
  insert into private.stored_bytes as t (user_id, what, bytes) values (p_user, p_what, p_bytes)
    on conflict (user_id, what) do update set
      since = case when t.since > at - interval '1 day' then t.since else at end,
      bytes = p_bytes + case when t.since > at - interval '1 day' then t.bytes else 0 end
    returning * into s;
  if p_refuse and s.bytes > (select case p_what when 'logs' then l.logs_a_day when 'history' then l.history_a_day else l.orders_a_day end
      from private.storage_limit l) then
    raise exception 'this user has had as much stored in a day as one may' using errcode = 'PD430',
      detail = ceil(extract(epoch from s.since + interval '1 day' - at))::text;
  end if;
end
$$;
