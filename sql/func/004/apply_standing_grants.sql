-- Gives on an account what its holder gives on all of theirs. Who has a role there keeps it.
-- An account with four eyes gets none: each of its grants takes another person's word.
create or replace function private.apply_standing_grants(p_account uuid, p_holder text) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into app.account_grants (account_id, user_id, role, expires_at, given_by, standing_of)
    select p_account, s.user_id, s.role, s.expires_at, p_holder, p_holder from private.standing_grants s
    where s.owner_id = p_holder and (s.expires_at is null or s.expires_at > now())
      and not exists (select from app.account_guards g where g.account_id = p_account and g.four_eyes)
    on conflict (account_id, user_id) do nothing;
end
$$;
