-- Writes what was done about a user's email address, for sign-in: p_action is
-- email.verification (a link that verifies it was mailed), email.change (a change was
-- asked for) or email.change_refused (the new address is another user's). It is done by
-- the user where the request has a session, and otherwise by nobody who is known.
create or replace function private.audit_email(p_action text, p_user text) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if p_action not in ('email.verification', 'email.change', 'email.change_refused') then
    raise exception '% is nothing that is done about an email address', p_action using errcode = '22023';
  end if;
  perform private.audit(null, p_action, p_user => p_user, p_kind => case when (private.origin())[1] is null then 'nobody' end);
end
$$;
