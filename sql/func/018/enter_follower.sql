-- Admits this transaction, which nobody is admitted in, to a follower's account as the user who
-- consented, by the API token of the consent: with what their grant and the token allow now.
-- Reports whether they may still trade there; without that it admits nobody. With
-- null it ends what it began. Only private.make_copy calls it.
create or replace function private.enter_follower(p_follow private.copy_follows, p_copy uuid) returns boolean
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  scopes text;
begin
  if p_copy is null then
    perform set_config('app.user_id', '', true), set_config('app.account_id', '', true), set_config('app.origin', '', true), set_config('app.seal', '', true);
    return true;
  end if;
  if coalesce(current_setting('app.seal', true), '') <> '' then
    raise exception 'this transaction has been admitted already' using errcode = '42501';
  end if;
  if not private.sign_in_holds('token:' || p_follow.token_id, p_follow.user_id) then
    return false;
  end if;
  select private.token_scopes_for_role(g.role, u.is_active, t.scopes) into scopes
    from private.usable_grants() g join app.user_accounts u on u.id = g.account_id
    join private.token_accounts a on a.account_id = g.account_id and a.token_id = p_follow.token_id
    join private.api_tokens t on t.id = a.token_id and t.user_id = g.user_id
    where g.account_id = p_follow.account_id and g.user_id = p_follow.user_id and u.environment = 'paper' and t.paper_only;
  if scopes is null or strpos(scopes, 'trade') = 0 then
    return false;
  end if;
  perform private.seal_transaction('.R.' || scopes, p_follow.account_id::text, p_follow.user_id,
    format('token:%s copy-%s - COPY /api/copying', p_follow.token_id, p_copy));
  return true;
end
$$;
