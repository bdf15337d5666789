-- Reports whether an order of this status is over: it can neither trade nor
-- hold anything any more. This is the one list of these statuses. done_for_day
-- is not one of them: Alpaca may execute such an order on the next day. Nor is
-- the status of an intent of which nobody knows whether it was placed.
create or replace function app.is_ended(p_status text) returns boolean
immutable parallel safe
language sql
return p_status in ('filled', 'canceled', 'expired', 'rejected', 'replaced');
