-- Returns the HMAC-SHA256 over an admission and over all that binds it to this
-- login, backend and transaction. The parts go through one array, whose quoting
-- keeps one part from running over into the next. The time is binary, because
-- now()::text depends on DateStyle, which a caller could change to replay a
-- seal. The cast of session_user makes the array one of text: in one of type
-- name all parts would be cut to 63 bytes.
--
-- Transactions that are sent in one message of the simple query protocol share
-- their time, so a seal made in one of them is valid in the next. Paddock never
-- uses that protocol, and whoever sends such a message has the session's token
-- for the seal anyway.
--
-- The body is parsed when the function is created, so no search_path matters,
-- and the planner can inline it.
create or replace function private.seal_mac(inner_pad bytea, outer_pad bytea, door text, account text, who text, origin text) returns bytea
stable parallel restricted
language sql
return sha256(outer_pad || sha256(
  inner_pad
  || int4send(pg_backend_pid())
  || timestamptz_send(transaction_timestamp())
  || convert_to(array[session_user::text, door, account, who, origin]::text, 'UTF8')));
