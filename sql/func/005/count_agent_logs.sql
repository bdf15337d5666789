-- Trigger: counts lines of agents' logs as stored for their user, a statement's
-- at once: by rows, a request of many would write the user's count as often. A line's
-- message counts twice, since the event that tells of it may have it too. A user's
-- line that is older than lines are kept is refused (PD461), since it would go at once.
create or replace function private.count_agent_logs() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  bytes bigint;
  oldest timestamptz;
begin
  if private.user_id() is null then
    return null;
  end if;
  select sum(500 + 2 * octet_length(w.message) + coalesce(octet_length(w.data::text), 0)), min(w.at) into bytes, oldest from written w;
  if bytes is null then
    return null;
  end if;
  perform private.count_stored('logs', bytes, true);
  if oldest < (select now() - r.keep from private.agent_log_retention r) then
    raise exception 'a line is older than lines are kept' using errcode = 'PD461';
  end if;
  return null;
end
$$;
