-- Notes that a session has shown its password or a code, which sign-in has found to be
-- right. Reports whether there is such a session.
create or replace function private.step_up(p_token text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text;
begin
  update auth.session s set "steppedUpAt" = clock_timestamp() where s.token = p_token and s."expiresAt" > now()
    returning s."userId" into who;
  if who is null then
    return false;
  end if;
  perform private.audit(null, 'session.step_up', p_user => who);
  return true;
end
$$;
