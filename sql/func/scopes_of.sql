-- What a role may do on an account. An account that was paused can be looked
-- at and managed, and nothing is traded on it.
create function private.scopes_of(role text, is_active boolean) returns text
immutable parallel safe
language sql
return case
  when role = 'owner' and is_active then 'read,trade,log,manage'
  when role = 'owner' then 'read,manage'
  when role = 'trader' and is_active then 'read,trade,log'
  when role in ('trader', 'viewer') then 'read'
end;
