-- Forgets the admitted account's credentials. Answers whether there were any.
create function private.delete_credentials() returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.account_id('manage');
begin
  if account is null then
    raise exception 'deleting credentials needs the scope "manage"' using errcode = '42501';
  end if;
  perform private.lock_log();
  delete from private.user_credentials c where c.account_id = account;
  if not found then
    return false;
  end if;
  perform private.audit(account, 'credentials.delete');
  perform private.append_event('credentials', '{"state": "deleted"}');
  return true;
end
$$;
