-- Makes sure that a read on this standby is no older than private.read_index was on
-- the primary. It is the first statement of a transaction there, and waits for the
-- log for p_wait at most. It raises PD480 where the read must go to the primary, with
-- the reason as the message:
--   login            this is not the login that row level security was made for;
--   promoted         this server is no standby;
--   clock            its clock is behind the primary's, so that what has ended there
--                    could still hold here; the detail has by how many microseconds;
--   behind           it has not come as far;
--   another_history  it follows another run of the primary, or another database.
--
-- The clock is the transaction's, by which the admission judges what has ended.
create or replace function private.check_replica(p_run uuid, p_lsn pg_lsn, p_clock timestamptz, p_wait interval) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  until timestamptz := clock_timestamp() + p_wait;
begin
  if session_user <> 'paddock_app' then
    raise exception 'login' using errcode = 'PD480';
  end if;
  if not pg_is_in_recovery() then
    raise exception 'promoted' using errcode = 'PD480';
  end if;
  if now() < p_clock then
    raise exception 'clock' using errcode = 'PD480', detail = ceil(1000000 * extract(epoch from p_clock - now()))::text;
  end if;
  while coalesce(pg_last_wal_replay_lsn() < p_lsn, true) loop
    if clock_timestamp() > until then
      raise exception 'behind' using errcode = 'PD480';
    end if;
    perform pg_sleep(0.001);
  end loop;
  -- After the wait: the id may have come with the log that was waited for.
  if not exists (select from private.primary_run r where r.run = p_run) then
    raise exception 'another_history' using errcode = 'PD480';
  end if;
end
$$;
