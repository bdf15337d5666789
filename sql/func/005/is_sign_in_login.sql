-- Reports whether this session's login is one of a Better Auth server beside Paddock: a
-- member of paddock_auth that is no operator, who is a member of all our roles.
create or replace function private.is_sign_in_login() returns boolean
stable
language sql
return pg_has_role(session_user, 'paddock_auth', 'member') and not pg_has_role(session_user, 'paddock_owner', 'member');
