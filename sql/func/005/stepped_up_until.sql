-- Returns until when the password or the code that a session has shown last suffices for
-- what needs a step-up, a time that may be over; NULL where there is no such session.
create or replace function private.stepped_up_until(p_token text) returns timestamptz
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select s."steppedUpAt" + w.lasts from auth.session s cross join private.step_up_window w
    where s.token = p_token and s."expiresAt" > now()
$$;
