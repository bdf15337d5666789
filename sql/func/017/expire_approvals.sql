-- Ends what nobody has approved, or sent, in time, of one account, and returns how many
-- those were: 0 where none of any account is left. An expired one is void even before:
-- the doors compare it with the clock. It locks one account's log, and never a second.
create or replace function private.expire_approvals() returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid;
  a app.approvals;
  ended integer := 0;
begin
  select t.account_id into account from app.approvals t
    where t.state in ('pending', 'approved') and t.expires_at <= clock_timestamp()
      and not exists (select from app.jobs j where j.account_id = t.account_id and j.id = t.id and j.state = 'running')
    limit 1;
  if not found then
    return 0;
  end if;
  perform from app.event_heads h where h.account_id = account for update;
  for a in select t.* from app.approvals t where t.account_id = account and t.state in ('pending', 'approved') and t.expires_at <= clock_timestamp()
    and not exists (select from app.jobs j where j.account_id = t.account_id and j.id = t.id and j.state = 'running')
  loop
    ended := ended + 1;
    if a.kind = 'order' then
      perform private.end_job(account, a.id, 'failed', 409, jsonb_build_object('code', 'approval_expired',
        'message', 'Nobody approved this order in time. It was not sent; send it again to ask again.'));
    else
      update app.approvals t set state = 'expired', decided_at = coalesce(t.decided_at, clock_timestamp()) where t.account_id = account and t.id = a.id;
      perform private.write_event(account, 'approval', jsonb_build_object('event', 'expired', 'approval', app.approval_json(account, a.id)));
    end if;
  end loop;
  return ended;
end
$$;
