-- Tells by events which accounts' streams have been behind for p_after, which is five
-- seconds at least, and which of them are live again; p_most of them at most, and returns how many. It may run in several
-- instances at once. It locks the logs of these accounts in the order of their ids, as
-- mark_expired_events does, before any row of theirs.
create or replace function private.note_outages(p_after interval, p_most integer) returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  behind uuid[] := array(select private.streams_behind());
  changed uuid[];
  o private.stream_outages;
  told integer := 0;
begin
  p_after := greatest(p_after, interval '5 seconds');
  insert into private.stream_outages (account_id)
    select b from unnest(behind) b where not exists (select from private.stream_outages t where t.account_id = b) order by b
    on conflict (account_id) do nothing;
  changed := array(select t.account_id from private.stream_outages t
    where case when t.account_id = any (behind) then t.told_at is null and t.began_at <= clock_timestamp() - p_after else true end
    order by t.account_id limit p_most);
  if cardinality(changed) = 0 then
    return 0;
  end if;
  perform from app.event_heads h where h.account_id = any (changed) order by h.account_id for update;
  behind := array(select private.streams_behind());
  for o in select t.* from private.stream_outages t where t.account_id = any (changed) order by t.account_id loop
    if o.account_id <> all (behind) then
      delete from private.stream_outages t where t.account_id = o.account_id;
      -- Without keys, or with its stream switched off, it is not live either.
      continue when o.told_at is null or not exists (select from app.stream_cursors s where s.account_id = o.account_id and s.streaming is not null);
      perform private.write_event(o.account_id, 'stream', jsonb_build_object('event', 'live', 'since', app.rfc3339(o.began_at)));
    elsif o.told_at is null and o.began_at <= clock_timestamp() - p_after then
      update private.stream_outages t set told_at = clock_timestamp() where t.account_id = o.account_id;
      perform private.write_event(o.account_id, 'stream', jsonb_build_object('event', 'behind', 'since', app.rfc3339(o.began_at),
        'why', (select s.last_error from app.stream_cursors s where s.account_id = o.account_id)));
    else
      continue;
    end if;
    told := told + 1;
  end loop;
  return told;
end
$$;
