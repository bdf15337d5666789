-- Returns the API tokens that answer for what this transaction does: the one that it was
-- admitted by, last, and before it those of which it was made, the first of them made in
-- a session. Null without a token.
create or replace function private.token_path() returns uuid[]
stable parallel restricted security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  token uuid := private.token_id();
begin
  return case when token is not null then (select t.path from private.api_tokens t where t.id = token) end;
end
$$;
