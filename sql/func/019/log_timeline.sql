-- Returns the timeline on which this primary writes its log, as the files of the
-- log are named. Each promotion begins a new one.
create or replace function private.log_timeline() returns text
stable parallel restricted
language sql
return left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
