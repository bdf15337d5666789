-- Takes a role on all accounts of a user, with each grant by it, in one go: their owner
-- does, or the user who has it. Reports whether there was one of the admitted user's.
-- 42501: it takes a session.
create or replace function private.end_standing_grant(p_owner text, p_user text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
begin
  if who is null or private.token_id() is not null then
    raise exception 'taking a role takes a session' using errcode = '42501';
  end if;
  if who not in (p_owner, p_user) then
    return false;
  end if;
  perform from auth."user" u where u.id = p_owner for no key update; -- as put_standing_grant does
  delete from private.standing_grants s where s.owner_id = p_owner and s.user_id = p_user;
  if not found then
    return false;
  end if;
  delete from app.account_grants g where g.user_id = p_user and g.standing_of = p_owner;
  perform private.audit(null, 'standing_grant.take', jsonb_build_object('from', p_user), p_owner);
  return true;
end
$$;
