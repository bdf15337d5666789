-- Returns the scopes that a role has on an account; null for one that does not come to
-- it by the API (reports). On a paused account nobody
-- may trade, but open orders can still be canceled: to stop trading is what
-- pausing is for.
create or replace function private.scopes_for_role(role text, is_active boolean) returns text
immutable parallel safe
language sql
return case
  when role = 'owner' and is_active then 'read,trade,cancel,log,manage,approve'
  when role = 'owner' then 'read,cancel,manage'
  when role = 'trader' and is_active then 'read,trade,cancel,log'
  when role = 'trader' then 'read,cancel'
  when role = 'approver' then 'read,approve'
  when role = 'viewer' then 'read'
end;
