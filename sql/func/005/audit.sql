-- Writes a row of the audit: into app.audit_log where it concerns an account, and
-- into app.user_audit_log otherwise, about the user p_user ('' where nobody knows
-- whose it is, such as a sign-in with an unknown address). Nothing else writes
-- these tables, and no role may change a row. Only other definer functions call it.
--
-- Who did it comes from the admission, which nobody can forge: a user, with the
-- session, or the worker. Without one it is sign-in, which works before anybody is
-- admitted, or an operator; then app.origin and app.operator are what that program
-- says of itself. p_kind and p_actor say so where it is somebody else.
create or replace function private.audit(p_account uuid, p_action text, p_detail jsonb default '{}', p_user text default '',
  p_kind text default null, p_actor text default null) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  door text := split_part(private.check_seal(), '.', 2);
  origin text[] := private.origin();
  kind text := p_kind;
  actor text := p_actor;
begin
  if kind is null then
    case
      when door in ('R', 'J') then
        kind := 'user';
        actor := current_setting('app.user_id', true);
      when door = 'W' then
        kind := 'worker';
      when session_user = 'paddock_auth' or private.is_sign_in_login() then
        kind := case when p_user = '' then 'nobody' else 'user' end;
        actor := nullif(p_user, '');
      else
        kind := 'operator';
        actor := coalesce(nullif(left(current_setting('app.operator', true), 128), ''), session_user);
    end case;
  end if;
  if p_account is not null then
    insert into app.audit_log (account_id, kind, actor, session_id, request_id, address, request, action, detail)
      values (p_account, kind, actor, origin[1], origin[2], origin[3], origin[4], p_action, p_detail);
  else
    insert into app.user_audit_log (user_id, kind, actor, session_id, request_id, address, request, action, detail)
      values (p_user, kind, actor, origin[1], origin[2], origin[3], origin[4], p_action, p_detail);
  end if;
end
$$;
