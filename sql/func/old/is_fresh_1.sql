-- Whether a mirror that agreed with the broker at one time, and whose stream
-- has told everything since another, shows what is. Either the agreement is no
-- older than p_max_age; or the stream has told everything since before it, and
-- the regular reconciliation, of every few minutes, has not stopped: a stream
-- may stay connected and tell nothing.
create or replace function app.is_fresh(p_agreed_at timestamptz, p_unbroken_since timestamptz, p_max_age interval) returns boolean
stable parallel safe
language sql
return coalesce(p_agreed_at > now() - p_max_age
  or p_unbroken_since <= p_agreed_at and p_agreed_at > now() - interval '10 minutes', false);
