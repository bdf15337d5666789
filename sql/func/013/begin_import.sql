-- Begins an import into an account, which it makes where its owner has none of
-- that name, or goes on with the one of that account that is under way. p_user is
-- the owner as the source has them, or null; they become a user where no user
-- here has their address. p_tables are the tables that will come.
-- Where the same was imported before, it changes nothing and says that it is done.
--
-- 22023, with a sentence: the owner is not known; the account is of the other
-- environment; or an import of it is under way with another source or mapping, or
-- is being undone.
create or replace function private.begin_import(p_owner text, p_user jsonb, p_account_name text, p_environment text, p_source text,
  p_mapping jsonb, p_tables text[], out account_id uuid, out import_id uuid, out resumed boolean, out made_account boolean, out done boolean)
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  owner_id text;
  made_user boolean := false;
  environment text;
  i private.imports;
begin
  resumed := false;
  done := false;
  made_account := false;
  select u.id into owner_id from auth."user" u where u.email = lower(p_owner);
  if not found and p_user is not null then
    insert into auth."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt")
      values (p_user->>'id', coalesce(p_user->>'name', p_owner), lower(p_owner), coalesce((p_user->>'emailVerified')::boolean, false), p_user->>'image',
        coalesce((p_user->>'createdAt')::timestamptz, now()), coalesce((p_user->>'updatedAt')::timestamptz, now()))
      on conflict do nothing returning id into owner_id;
    made_user := found;
    if not made_user then
      raise exception 'a user here has the id % of %, and another address: name another owner', p_user->>'id', p_owner using errcode = '22023';
    end if;
  end if;
  if owner_id is null then
    raise exception 'neither the source nor Paddock has a user with the address %: let them sign up first, or name another owner', p_owner using errcode = '22023';
  end if;

  select u.id, u.environment into account_id, environment from app.user_accounts u where u.user_id = owner_id and u.name = p_account_name;
  if found then
    if environment <> p_environment then
      raise exception 'the account "%" is a % account: name another account, or the environment %', p_account_name, environment, environment using errcode = '22023';
    end if;
    perform from app.event_heads h where h.account_id = begin_import.account_id for update;
    select t.* into i from private.imports t where t.account_id = begin_import.account_id and t.state <> 'done';
    if found then
      if i.state = 'undoing' then
        raise exception 'the import % of this account is being undone: end that with paddock import undo %', i.id, i.id using errcode = '22023';
      end if;
      if i.source <> p_source or i.mapping <> p_mapping then
        raise exception 'the import % of this account is under way with another source or mapping: go on with that, or undo it with paddock import undo %', i.id, i.id using errcode = '22023';
      end if;
      import_id := i.id;
      resumed := true;
      made_account := i.made_account;
      return;
    end if;
    -- With another mapping it is another import, such as one of other rows.
    select t.* into i from private.imports t where t.account_id = begin_import.account_id and t.source = p_source and t.mapping = p_mapping;
    if found then
      import_id := i.id;
      done := true;
      return;
    end if;
  else
    insert into app.user_accounts (user_id, name, environment) values (owner_id, p_account_name, p_environment) returning id into account_id;
    insert into app.account_grants (account_id, user_id, role) values (account_id, owner_id, 'owner');
    insert into app.event_heads (account_id) values (account_id);
    perform private.apply_standing_grants(account_id, owner_id);
    made_account := true;
  end if;
  insert into private.imports as n (account_id, source, mapping, made_account) values (account_id, p_source, p_mapping, made_account)
    returning n.id into import_id;
  insert into private.import_tables (account_id, import_id, name) select begin_import.account_id, begin_import.import_id, n from unnest(p_tables) n;
  if made_user then
    insert into private.import_users (account_id, import_id, user_id) values (account_id, import_id, owner_id);
  end if;
  perform private.audit_import(account_id, import_id, 'begin', jsonb_build_object('source', p_source, 'made_account', made_account, 'owner', owner_id));
end
$$;
