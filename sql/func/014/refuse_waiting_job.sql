-- Trigger: where a request for an order was refused, a job that waits to make the same
-- order makes none: its sender was told that nothing was placed.
create or replace function private.refuse_waiting_job() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  job uuid;
begin
  for job in
    select j.id from app.jobs j where j.account_id = new.account_id and j.ended_at is null and j.kind = 'order' and j.state <> 'running'
      and j.idempotency_key = nullif(new.idempotency_key, '')
    union
    select j.id from app.jobs j where j.account_id = new.account_id and j.ended_at is null and j.kind = 'order' and j.state <> 'running'
      and j.client_order_id = nullif(new.client_order_id, '')
  loop
    perform private.end_job(new.account_id, job, 'failed', 409, jsonb_build_object('code', 'retry_refused',
      'message', 'A retry of this request was refused before its order was sent, so that it sent nothing.'));
  end loop;
  return null;
end
$$;
