-- Whether a mirror that agreed with the broker at one time, and whose stream
-- has told everything since another, shows what is. Either the agreement is no
-- older than p_max_age; or the stream has told everything since before it, and
-- the regular reconciliation, of every few minutes, has not stopped: a stream
-- may stay connected and tell nothing. All of these times are of Postgres'
-- clock; one that lies ahead of it, since it was set back, is no agreement.
create or replace function app.is_fresh(p_agreed_at timestamptz, p_unbroken_since timestamptz, p_max_age interval) returns boolean
stable parallel safe
language sql
return coalesce(p_agreed_at <= clock_timestamp() and (p_agreed_at > clock_timestamp() - p_max_age
  or p_unbroken_since <= p_agreed_at and p_agreed_at > clock_timestamp() - interval '10 minutes'), false);
