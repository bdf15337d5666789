-- HMAC-SHA256 over an admission and all that binds it to this login, backend
-- and time. The parts are framed by the array's own quoting, so that none can
-- pass for a piece of its neighbour; the time is binary, since a seal over
-- now()::text could be replayed by changing DateStyle. The cast of session_user
-- keeps the other parts from becoming names of 63 bytes.
--
-- Transactions of one simple-protocol message share that time, and a seal of
-- one holds in the next: the product never uses that protocol, and whoever
-- sends such a message has the token for the seal already.
--
-- The body is bound when it is created, so no search_path matters, and the
-- planner inlines it.
create or replace function private.seal_mac(inner_pad bytea, outer_pad bytea, door text, account text, who text) returns bytea
stable parallel restricted
language sql
return sha256(outer_pad || sha256(
  inner_pad
  || int4send(pg_backend_pid())
  || timestamptz_send(transaction_timestamp())
  || convert_to(array[session_user::text, door, account, who]::text, 'UTF8')));
