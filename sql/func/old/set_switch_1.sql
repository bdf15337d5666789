-- Turns the account's switch. Whoever may cancel may make it stricter; to let
-- more through again is the owner's.
create function private.set_switch(p_switch text, p_reason text) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.account_id('cancel');
  grades constant text[] := array['open', 'reduce_only', 'halted'];
  before text;
begin
  if account is null then
    raise exception 'turning the switch needs the scope "cancel"' using errcode = '42501';
  end if;
  perform private.lock_log();
  select g.switch into before from app.account_guards g where g.account_id = account;
  if array_position(grades, p_switch) < array_position(grades, coalesce(before, 'open')) and private.account_id('manage') is null then
    raise exception 'only the owner may let more through again' using errcode = '42501';
  end if;
  insert into app.account_guards as g (account_id, switch, switch_reason, updated_by)
    values (account, p_switch, nullif(p_reason, ''), private.user_id())
    on conflict (account_id) do update
      set switch = excluded.switch, switch_reason = excluded.switch_reason, updated_by = excluded.updated_by, updated_at = now();
  perform private.audit(account, 'guards.switch', jsonb_build_object('switch', p_switch, 'reason', nullif(p_reason, '')));
  perform private.append_event('guard', jsonb_build_object('event', 'switch', 'switch', p_switch, 'reason', nullif(p_reason, '')));
end
$$;
