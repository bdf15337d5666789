-- Trigger: where the job of an order ends, so does what waits for a word of it, whoever
-- ended it: a person, its sender, the clock, a halt, or what refused it in the end.
create or replace function private.end_approval() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  said text := case when new.state = 'canceled' then 'withdrawn'
    else case new.answer->>'code' when 'approval_refused' then 'refused' when 'approval_expired' then 'expired' when 'approval_void' then 'void'
      else case new.state when 'failed' then 'failed' else 'used' end end end;
begin
  update app.approvals a set state = said, decided_at = coalesce(a.decided_at, clock_timestamp())
    where a.account_id = new.account_id and a.id = new.id and a.state in ('pending', 'approved');
  if found then
    perform private.write_event(new.account_id, 'approval', jsonb_build_object('event', said, 'approval', app.approval_json(new.account_id, new.id)));
  end if;
  return null;
end
$$;
