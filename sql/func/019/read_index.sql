-- Returns how far this primary has come, for a read on a standby that is asked for
-- now:
--   run       the primary's run, or NULL where private.note_primary has not named it;
--   lsn       the end of the log: whatever can be seen here was written before it;
--   clock     the time here;
--   finished  all transactions with smaller numbers are over, and can be seen here.
--
-- It takes the end of what was inserted and not of what was flushed: a transaction
-- with synchronous_commit off can be seen before it is flushed.
--
-- Where the last record filled its page, the next one will begin behind the header
-- of the next page, and a standby that has everything stands before that header.
create or replace function private.read_index(out run uuid, out lsn pg_lsn, out clock timestamptz, out finished bigint)
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  header numeric;
begin
  lsn := pg_current_wal_insert_lsn();
  clock := clock_timestamp();
  finished := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  run := (select r.run from private.primary_run r where r.timeline = private.log_timeline() and r.started_at = pg_postmaster_start_time());
  header := mod(lsn - '0/0', current_setting('wal_block_size')::numeric);
  if header = 24 or header = 40 and mod(lsn - '0/0', pg_size_bytes(current_setting('wal_segment_size'))) = 40 then
    lsn := lsn - header;
  end if;
end
$$;
