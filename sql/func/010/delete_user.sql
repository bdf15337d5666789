-- Deletes a user, the accounts that nobody else owns with everything of these, and their
-- grants, sessions and passwords, and returns NULL. If open orders keep one of the
-- accounts from being deleted (orders_blocking_deletion), it returns the accounts
-- with such orders as a JSON array of account_id, name and orders, and changes
-- nothing. The audit stays.
--
-- It is the only way to delete a user, and so no account is ever deleted with its
-- user without a look at its orders. For an operator; a user comes through
-- delete_signed_in_user.
--
-- 40001: the user made an account while this waited for the others. The call may
-- be made again.
create or replace function private.delete_user(p_user text, p_open_orders text) returns jsonb
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  owned uuid[] := array(select u.id from app.user_accounts u where u.user_id = p_user);
  account uuid;
  kept jsonb;
begin
  -- The user last: a transaction that records something for the user has locked an
  -- account by then.
  perform private.lock_accounts(owned);
  perform from auth."user" u where u.id = p_user for update;
  -- From here on nobody can make an account of the user: its foreign key waits.
  if exists (select from app.user_accounts u where u.user_id = p_user and u.id <> all (owned)) then
    raise exception 'the user made an account meanwhile' using errcode = '40001';
  end if;
  begin
    -- What others own as well stays, as the account of one of them.
    foreach account in array owned loop
      begin
        perform private.leave_ownership(account, p_user);
      exception when sqlstate 'PD437' or sqlstate 'PD429' or unique_violation then
        null; -- nobody else owns it, or can hold it
      end;
    end loop;
    select jsonb_agg(jsonb_build_object('account_id', u.id, 'name', u.name, 'orders', o.blocking) order by u.name, u.id)
      into kept
      from app.user_accounts u
      cross join lateral (select private.orders_blocking_deletion(u.id, p_open_orders)) o (blocking)
      where u.user_id = p_user and o.blocking is not null;
    if kept is not null then
      -- What was passed on is taken back.
      raise exception 'open orders are in the way' using errcode = 'PD444';
    end if;
  exception when sqlstate 'PD444' then
    return kept;
  end;
  delete from auth.verification v where v.value = p_user;  -- tokens that reset the password
  delete from auth."user" u where u.id = p_user;
  return null;
end
$$;
