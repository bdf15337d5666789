-- Writes a row of the audit log, in the name of the admitted user. Only other
-- definer functions call it.
create or replace function private.audit(p_account uuid, p_action text, p_detail jsonb default '{}') returns void
volatile
language sql
begin atomic
  insert into app.audit_log (account_id, actor_user_id, action, detail)
  values (p_account, private.user_id(), p_action, p_detail);
end;
