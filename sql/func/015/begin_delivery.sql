-- Claims a destination for an instance, for p_ttl, and returns what it is, where to, whose
-- account it is of, and the version of the master key of its secret, null where it has
-- none. Returns no row where there is nothing to do: it is off, not due, claimed, or four of its account's owner's are being worked on; or it is mail, for which what comes close
-- together is waited for first. One whose user may no longer read the account is switched
-- off here. mail_to is null where its user has no address that is verified.
create or replace function private.begin_delivery(p_account uuid, p_destination uuid, p_holder uuid, p_ttl interval)
returns table (type text, address text, mail_to text, time_zone text, account_name text, environment text, key_version integer)
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  to_it app.destinations;
  at timestamptz;
begin
  perform from app.event_heads h where h.account_id = p_account for update;
  select d.* into to_it from app.destinations d where d.account_id = p_account and d.id = p_destination for update;
  at := clock_timestamp();
  if not found or to_it.state <> 'on' or to_it.due_at > at or to_it.live_until > at then
    return;
  end if;
  if not exists (select from private.usable_grants() g where g.account_id = p_account and g.user_id = to_it.made_by and g.role = 'owner')
      or exists (select from auth.disabled_users d where d.user_id = to_it.made_by) then
    perform private.turn_destination_off(p_account, p_destination, 'no_access');
    return;
  end if;
  if to_it.type = 'email' and not to_it.gathered then
    update app.destinations d set gathered = true, due_at = at + interval '5 seconds' where d.account_id = p_account and d.id = p_destination;
    return;
  end if;
  if (select count(*) from app.destinations d join app.user_accounts u on u.id = d.account_id
      where d.state = 'on' and d.live_until > at and u.user_id = (select o.user_id from app.user_accounts o where o.id = p_account)) >= 4 then
    return;
  end if;
  update app.destinations d set holder = p_holder, live_until = at + p_ttl where d.account_id = p_account and d.id = p_destination;
  return query select to_it.type, to_it.address,
      (select u.email from auth."user" u where u.id = to_it.made_by and u."emailVerified" and to_it.type = 'email'),
      to_it.time_zone, a.name, a.environment, s.key_version
    from app.user_accounts a left join private.destination_secrets s on s.account_id = a.id and s.destination_id = p_destination
    where a.id = p_account;
end
$$;
