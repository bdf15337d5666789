-- Returns the user of an email address, and null where there is none. The admitted user
-- may name 20 addresses of nobody in a day (PD439), and then no other either: so what it
-- tells of who has an account here is little, and only to users.
create or replace function private.user_to_share_with(p_email text) returns text
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  day constant interval := '1 day';
  found_user text := (select u.id from auth."user" u where u.email = lower(p_email));
begin
  perform from auth."user" u where u.id = who for no key update; -- one at a time
  if exists (select from private.address_tries t where t.user_id = who and t.since > now() - day and t.tries >= 20) then
    raise exception 'too many addresses of nobody were tried' using errcode = 'PD439';
  end if;
  if found_user is null then
    insert into private.address_tries as t (user_id, tries) values (who, 1)
      on conflict (user_id) do update set
        tries = 1 + case when t.since > now() - day then t.tries else 0 end,
        since = case when t.since > now() - day then t.since else now() end;
  end if;
  return found_user;
end
$$;
