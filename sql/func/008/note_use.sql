-- Writes an event of the kind limit where four fifths of a limit are used, once on each day
-- in New York for each limit, and for each sleeve and symbol. The caller has the figures at hand,
-- so that it costs nothing where less is used.
--
-- Where somebody else has the account's log locked it writes nothing: the caller may hold
-- a lock that the other waits for. The next who has the figures writes it.
create or replace function private.note_use(p_account uuid, p_limit text, p_used numeric, p_most numeric, p_sleeve uuid default null,
  p_symbol text default null) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  today date := (clock_timestamp() at time zone 'America/New_York')::date;
  told text := concat_ws(' ', p_limit, p_sleeve, p_symbol);
begin
  if p_most <= 0 or p_used < p_most * 0.8 or p_used is null or p_most is null then
    return;
  end if;
  if exists (select from private.neared_limits n
      where n.account_id = p_account and n.what = told and n.day >= today) then
    return;
  end if;
  perform from app.event_heads h where h.account_id = p_account for update skip locked;
  if not found then
    return;
  end if;
  insert into private.neared_limits as n (account_id, what, day) values (p_account, told, today)
    on conflict (account_id, what) do update set day = excluded.day where n.day < excluded.day;
  if found then
    perform private.write_event(p_account, 'limit', jsonb_build_object('event', 'near', 'limit', p_limit, 'used', trim_scale(p_used)::text,
      'most', trim_scale(p_most)::text, 'sleeve_id', p_sleeve, 'symbol', p_symbol));
  end if;
end
$$;
