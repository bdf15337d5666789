-- Returns 64 bits of a digest of values that were written as text. The sum of
-- such hashes is a checksum that does not depend on the order of rows.
create or replace function app.import_hash(p_text text) returns numeric
immutable parallel safe
language sql
return ('x' || left(md5(p_text), 16))::bit(64)::bigint::numeric;
