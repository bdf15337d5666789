-- Returns the grants by which users come to accounts now: those whose time is not over,
-- and not those for reports alone. Every door asks it, and none reads the table itself
-- (tests/catalogue), so that none can forget the one or the other. The policy by which a
-- user sees grants says the same.
--
-- Its body becomes a part of the statement that calls it.
create or replace function private.usable_grants()
returns table (account_id uuid, user_id text, role text, expires_at timestamptz, created_at timestamptz)
stable parallel safe
language sql
begin atomic
  select g.account_id, g.user_id, g.role, g.expires_at, g.created_at
    from app.account_grants g
    where (g.expires_at is null or g.expires_at > now()) and g.role <> 'reports';
end;
