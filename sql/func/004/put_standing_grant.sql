-- Gives a user a role on all accounts of another, also those to come. Whom the owner has
-- given a role on all accounts before gets this one in its place; a role that was given on
-- one account stays. Accounts with four eyes are left out. PD436: the owner has as many such grants as one may.
create or replace function private.put_standing_grant(p_owner text, p_user text, p_role text, p_expires_at timestamptz) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform from auth."user" u where u.id = p_owner for no key update; -- who makes an account at the same moment waits
  if (select count(*) from private.standing_grants s where s.owner_id = p_owner and s.user_id <> p_user) >= 100 then
    raise exception 'a user may give 100 others a role on all accounts' using errcode = 'PD436';
  end if;
  insert into private.standing_grants (owner_id, user_id, role, expires_at) values (p_owner, p_user, p_role, p_expires_at)
    on conflict (owner_id, user_id) do update set role = excluded.role, expires_at = excluded.expires_at, created_at = now();
  insert into app.account_grants as g (account_id, user_id, role, expires_at, given_by, standing_of)
    select u.id, p_user, p_role, p_expires_at, p_owner, p_owner from app.user_accounts u where u.user_id = p_owner
      and not exists (select from app.account_guards g where g.account_id = u.id and g.four_eyes)
    on conflict (account_id, user_id) do update
      set role = excluded.role, expires_at = excluded.expires_at, created_at = now(), given_by = excluded.given_by, standing_of = excluded.standing_of
      where g.standing_of = p_owner or g.expires_at <= now();
  perform private.audit(null, 'standing_grant.give',
    jsonb_build_object('to', p_user, 'role', p_role, 'expires_at', p_expires_at), p_owner);
end
$$;
