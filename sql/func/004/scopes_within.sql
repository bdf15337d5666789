-- Returns those of a role's scopes that an API token has as well; all of them where
-- there is no token (null).
create or replace function private.scopes_within(p_scopes text, p_most text[]) returns text
immutable parallel safe
language sql
return case when p_most is null or p_scopes is null then p_scopes
  else array_to_string(array(select s from unnest(string_to_array(p_scopes, ',')) s where s = any (p_most)), ',') end;
