-- Makes another owner the holder of an account: the one whose account it is by name and
-- in all limits. What the holder before gives on all of theirs ends on it, and what the
-- new one gives begins. The caller has locked the account's row.
--
-- PD429: the new holder has as many accounts as one user may have. A unique violation:
-- they have one of this name, or of this account at the broker.
create or replace function private.pass_account(p_account uuid, p_to text) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  holder text;
begin
  perform from auth."user" u where u.id = p_to for no key update; -- as create_account does
  if (select count(*) from app.user_accounts u where u.user_id = p_to) >= 100 then
    raise exception 'a user may have 100 accounts' using errcode = 'PD429';
  end if;
  select u.user_id into holder from app.user_accounts u where u.id = p_account;
  update app.user_accounts u set user_id = p_to, updated_at = now() where u.id = p_account;
  delete from app.account_grants g where g.account_id = p_account and g.standing_of is not null;
  perform private.apply_standing_grants(p_account, p_to);
  update private.job_lists l set owner = encode(sha256(convert_to(p_to, 'UTF8')), 'hex') where l.account_id = p_account;
  perform private.audit(p_account, 'account.transfer', jsonb_build_object('from', holder, 'to', p_to));
end
$$;
