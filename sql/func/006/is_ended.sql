-- Whether an order of this status is over, so that it can neither trade nor hold
-- anything any more. This is the one place that says so. An order that is done
-- for its day is not: Alpaca may execute it on the next one. Nor is one of which
-- nobody knows whether it was placed.
create or replace function app.is_ended(p_status text) returns boolean
immutable parallel safe
language sql
return p_status in ('filled', 'canceled', 'expired', 'rejected', 'replaced');
