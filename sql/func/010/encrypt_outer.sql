-- Returns what the server encrypted, in the outer layer: an OpenPGP message of
-- AES-256 under p_key, the account's derived key in hex. That has 256 random bits
-- and needs no stretching, so S2K is set to its minimum. Only definer functions
-- call it.
create or replace function private.encrypt_outer(p_encrypted bytea, p_key text) returns bytea
volatile
language sql
begin atomic
  select ext.pgp_sym_encrypt_bytea(p_encrypted, p_key, 'cipher-algo=aes256, s2k-mode=3, s2k-count=1024, compress-algo=0');
end;
