-- Lets the high-water mark of the admitted account begin anew, with the next equity that
-- is read: after a withdrawal, which looks like a loss, or where the owner accepts one.
--
-- 42501: the admission lacks the scope "manage". PD419: the account is live, which takes a
-- step-up. PD457: as in private.set_guards.
create or replace function private.reset_high_water_mark() returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('resetting the high-water mark', 'manage');
begin
  perform private.lock_event_log();
  perform private.require_step_up();
  perform private.require_approval('guards', '{"reset": "high_water_mark"}');
  perform private.audit(account, 'guards.reset_mark', jsonb_build_object('high_water_mark',
    (select m.equity::text from app.high_water_marks m where m.account_id = account)));
  insert into app.high_water_marks (account_id, reset_at) values (account, clock_timestamp())
    on conflict (account_id) do update set equity = null, reached_at = null, reset_at = clock_timestamp();
end
$$;
