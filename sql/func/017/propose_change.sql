-- Asks for another person's word for a change of the admitted account (p_kind, p_change,
-- as private.require_approval says), and returns the approval's id: that of the one that
-- waits already for the same change of this user's, if there is one.
--
-- PD455: as many wait on the account as may.
create or replace function private.propose_change(p_id uuid, p_kind text, p_change jsonb) returns uuid
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('changing what an account lets through', 'manage');
  g app.account_guards;
  a app.approvals;
begin
  if private.token_id() is not null then
    raise exception 'a person changes what an account lets through' using errcode = '42501';
  end if;
  perform private.lock_event_log();
  select t.* into a from app.approvals t where t.account_id = account and t.kind = p_kind and t.request = p_change
    and t.proposed_by = private.user_id() and t.state = 'pending' and t.expires_at > clock_timestamp();
  if found then
    return a.id;
  end if;
  select t.* into g from app.account_guards t where t.account_id = account;
  a.account_id := account;
  a.id := p_id;
  a.kind := p_kind;
  a.request := p_change;
  a.proposed_by := private.user_id();
  a.needed := coalesce(g.approvals_needed, 1);
  a.four_eyes := true;
  a.expires_at := clock_timestamp() + make_interval(secs => coalesce(g.approval_seconds, 3600));
  perform private.make_approval(a);
  return p_id;
end
$$;
