-- Returns where the admitted account has no four eyes, or where another person has approved
-- this very change (p_change) of the admitted user's, once: it is used by this. What lets
-- more through calls it, beside private.require_step_up.
--
-- PD457: another person must approve it first. The detail is what private.propose_change
-- takes: kind and change.
create or replace function private.require_approval(p_kind text, p_change jsonb) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.account_id();
  a app.approvals;
begin
  if not exists (select from app.account_guards g where g.account_id = account and g.four_eyes) then
    return;
  end if;
  perform private.lock_event_log();
  for a in select t.* from app.approvals t
    where t.account_id = account and t.kind = p_kind and t.request = p_change and t.proposed_by = private.user_id() and t.state = 'approved'
      and t.expires_at > clock_timestamp() and t.digest = private.approval_digest(t) for update
  loop
    if private.has_approval(a, 1, true) then
      update app.approvals t set state = 'used' where t.account_id = account and t.id = a.id;
      perform private.write_event(account, 'approval', jsonb_build_object('event', 'used', 'approval', app.approval_json(account, a.id)));
      return;
    end if;
  end loop;
  raise exception 'this takes another person''s word' using errcode = 'PD457', detail = jsonb_build_object('kind', p_kind, 'change', p_change)::text;
end
$$;
