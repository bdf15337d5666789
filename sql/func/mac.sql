-- HMAC-SHA256 over a context and all that binds it to this transaction of
-- this login on this backend. Every part is binary or carries its length: a
-- seal over now()::text could be replayed by changing DateStyle and the zone.
-- The body is bound when it is created, so no search_path matters, and the
-- planner inlines it.
create function private.mac(inner_pad bytea, outer_pad bytea, context text) returns bytea
stable parallel restricted
language sql
return sha256(outer_pad || sha256(
  inner_pad
  || int4send(pg_backend_pid())
  || timestamptz_send(transaction_timestamp())
  || int4send(octet_length(context))
  || convert_to(context, 'UTF8')
  || convert_to(session_user::text, 'UTF8')));
