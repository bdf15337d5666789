-- Writes that a password or a code was refused, for sign-in: p_action is sign_in.failed or
-- two_factor.failed, or password.refused or two_factor.refused where somebody who is
-- signed in gave a wrong one. p_user is whose password or code was asked for, '' where
-- nobody has the address.
create or replace function private.audit_refused_sign_in(p_action text, p_user text) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  signed_in boolean := p_action in ('password.refused', 'two_factor.refused');
begin
  if not signed_in and p_action not in ('sign_in.failed', 'two_factor.failed') then
    raise exception '% is no refusal of a password or a code', p_action using errcode = '22023';
  end if;
  perform private.audit(null, p_action, p_user => p_user,
    p_kind => case when signed_in then 'user' else 'nobody' end,
    p_actor => case when signed_in then p_user end);
end
$$;
