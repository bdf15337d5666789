-- Creates an account of the admitted user, with the owner's grant, and those that the
-- user gives on all accounts.
-- PD429: the user has as many accounts as one user may have.
create or replace function private.create_account(p_name text, p_environment text) returns uuid
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  account uuid;
begin
  if who is null or private.token_id() is not null then
    raise exception 'making an account takes a session' using errcode = '42501';
  end if;
  perform from auth."user" u where u.id = who for no key update; -- who shares all accounts at the same moment waits
  if (select count(*) from app.user_accounts u where u.user_id = who) >= 100 then
    raise exception 'a user may have 100 accounts' using errcode = 'PD429';
  end if;
  insert into app.user_accounts (user_id, name, environment)
    values (who, p_name, p_environment) returning id into account;
  insert into app.account_grants (account_id, user_id, role) values (account, who, 'owner');
  insert into app.event_heads (account_id) values (account);
  perform private.apply_standing_grants(account, who);
  perform private.audit(account, 'account.create', jsonb_build_object('name', p_name, 'environment', p_environment));
  return account;
end
$$;
