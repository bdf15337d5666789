-- Reports whether a heartbeat that must come every p_seconds has come. One in the future,
-- after the database's clock was set back, does not count: else it would hold until the
-- clock is there again.
create or replace function app.is_beating(p_beaten_at timestamptz, p_seconds integer) returns boolean
stable parallel safe
language sql
return coalesce(p_beaten_at <= clock_timestamp() and p_beaten_at > clock_timestamp() - make_interval(secs => p_seconds), false);
