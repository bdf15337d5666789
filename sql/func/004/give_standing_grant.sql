-- Gives the user of an email address a role on all accounts of the admitted user, also
-- those to come, and returns the user's id; null where nobody else has the address. It
-- always takes a step-up (PD419), since an account to come may be live. PD436: as
-- put_standing_grant says. PD439: as user_to_share_with says. 42501: it takes a session.
create or replace function private.give_standing_grant(p_email text, p_role text, p_expires_at timestamptz) returns text
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  other text;
begin
  if who is null or private.token_id() is not null then
    raise exception 'sharing accounts takes a session' using errcode = '42501';
  end if;
  if not private.has_stepped_up() then
    raise exception 'this session has to show its password or a code again' using errcode = 'PD419';
  end if;
  other := private.user_to_share_with(p_email);
  if other = who then
    return null;
  end if;
  if other is not null then
    perform private.put_standing_grant(who, other, p_role, p_expires_at);
  end if;
  return other;
end
$$;
