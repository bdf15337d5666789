-- Returns those of a role's scopes (null: of nobody's) that an API token has as well.
-- Postgres puts it into the statement that calls it.
create or replace function private.scopes_within(p_scopes text, p_most text[]) returns text
immutable parallel safe
language sql
return case when p_scopes is not null then concat_ws(',',
  case when 'read' = any (p_most) and strpos(p_scopes, 'read') > 0 then 'read' end,
  case when 'trade' = any (p_most) and strpos(p_scopes, 'trade') > 0 then 'trade' end,
  case when 'cancel' = any (p_most) and strpos(p_scopes, 'cancel') > 0 then 'cancel' end,
  case when 'log' = any (p_most) and strpos(p_scopes, 'log') > 0 then 'log' end) end;
