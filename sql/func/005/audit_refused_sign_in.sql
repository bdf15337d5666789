-- Writes that a password was refused, for sign-in: p_action is sign_in.failed, or
-- password.refused where somebody who is signed in gave a wrong one. p_user is whose
-- password was asked for, '' where nobody has the address.
create or replace function private.audit_refused_sign_in(p_action text, p_user text) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if p_action not in ('sign_in.failed', 'password.refused') then
    raise exception '% is no refusal of a password', p_action using errcode = '22023';
  end if;
  perform private.audit(null, p_action, p_user => p_user,
    p_kind => case p_action when 'password.refused' then 'user' else 'nobody' end,
    p_actor => case p_action when 'password.refused' then p_user end);
end
$$;
