-- Returns those of a role's scopes (null: of nobody's) that an API token has as well.
-- Postgres puts it into the statement that calls it, because all
-- of it is immutable: concat_ws would not be.
create or replace function private.scopes_within(p_scopes text, p_most text[]) returns text
immutable parallel safe
language sql
return case when p_scopes is not null then ltrim(
  case when 'read' = any (p_most) and strpos(p_scopes, 'read') > 0 then ',read' else '' end
  || case when 'trade' = any (p_most) and strpos(p_scopes, 'trade') > 0 then ',trade' else '' end
  || case when 'cancel' = any (p_most) and strpos(p_scopes, 'cancel') > 0 then ',cancel' else '' end
  || case when 'log' = any (p_most) and strpos(p_scopes, 'log') > 0 then ',log' else '' end, ',') end;
