-- Returns those of a role's scopes on an account (private.scopes_for_role) that an API
-- token has as well, which is never more than a trader's; null for a role that has none.
-- It spells the roles out once more, since to cut one list by another took a third of an
-- admission; a test compares the two for each role.
create or replace function private.token_scopes_for_role(role text, is_active boolean, p_scopes text[]) returns text
stable parallel safe
language sql
return case
  when role in ('owner', 'trader') and is_active then array_to_string(p_scopes, ',')
  when role in ('owner', 'trader') then case when 'cancel' = any (p_scopes) then 'read,cancel' else 'read' end
  when role in ('approver', 'viewer') then 'read'
end;
