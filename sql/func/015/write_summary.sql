-- Writes the summary of one notice for which it is due at p_at, and returns the notice's account; null
-- where none is due. A day's is from the hour of the day before to the hour on that day. It locks
-- one account's log, and never a second.
create or replace function private.write_summary(p_at timestamptz default clock_timestamp()) returns uuid
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  d record;
  begins timestamptz;
  ends timestamptz;
  before bigint;
  number bigint;
begin
  select t.account_id, t.id, t.time_zone, t.summary_at, n.day into d
    from app.destinations t cross join lateral (select app.summary_day(t.summary_at, t.time_zone, t.summary_since, p_at) as day) n
    where t.state = 'on' and t.summary_at is not null and n.day is not null
      and not exists (select from private.daily_summaries s where s.account_id = t.account_id and s.destination_id = t.id and s.day >= n.day)
    limit 1;
  if not found then
    return null;
  end if;
  perform from app.event_heads h where h.account_id = d.account_id for update;
  perform from app.destinations t where t.account_id = d.account_id and t.id = d.id and t.state = 'on' for key share;
  if not found or exists (select from private.daily_summaries s where s.account_id = d.account_id and s.destination_id = d.id and s.day >= d.day) then
    return d.account_id; -- another has written it, or it is gone
  end if;
  begins := app.instant(d.day - 1 + d.summary_at, d.time_zone);
  ends := app.instant(d.day + d.summary_at, d.time_zone);
  -- Of the newest summary that covers nothing of this one's time.
  before := coalesce((select max(s.seq) from private.daily_summaries s where s.account_id = d.account_id and s.destination_id = d.id and s.day < d.day - 1), 0);
  number := private.write_event(d.account_id, 'summary', jsonb_build_object('notice_id', d.id, 'day', d.day, 'from', app.rfc3339(begins), 'until', app.rfc3339(ends))
    || private.summary_json(d.account_id, begins, ends, before));
  insert into private.daily_summaries (account_id, destination_id, day, seq) values (d.account_id, d.id, d.day, number);
  delete from private.daily_summaries s where s.account_id = d.account_id and s.destination_id = d.id and s.day < d.day - 7;
  return d.account_id;
end
$$;
