-- Trigger: counts an agent's log entry as stored for its user. Its message is
-- stored twice, since the entry is an event too.
create or replace function private.count_agent_log() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.count_stored('logs', 500 + 2 * octet_length(new.message) + coalesce(octet_length(new.data::text), 0), true);
  return new;
end
$$;
