-- Reports whether a mirror is up to date. p_agreed_at is when it last agreed
-- with the broker, and p_unbroken_since the time from which on its stream has
-- reported everything. Either the agreement is no older than p_max_age; or the
-- stream was unbroken already when they agreed, and the agreement is less than
-- ten minutes old. These ten minutes are there because a stream may stay
-- connected and report nothing: reconciliation agrees every three minutes, or every
-- seven to nine where an account is at rest, unless it has stopped.
--
-- All times are by Postgres' clock. An agreement in the future, after that
-- clock was set back, does not count.
create or replace function app.is_fresh(p_agreed_at timestamptz, p_unbroken_since timestamptz, p_max_age interval) returns boolean
stable parallel safe
language sql
return coalesce(p_agreed_at <= clock_timestamp() and (p_agreed_at > clock_timestamp() - p_max_age
  or p_unbroken_since <= p_agreed_at and p_agreed_at > clock_timestamp() - interval '10 minutes'), false);
