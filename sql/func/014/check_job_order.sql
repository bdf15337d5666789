-- Trigger: holds orders and jobs to one another. An order that is made by a job's
-- ticket must be the one that was asked for. Any other must not take the key or the
-- client_order_id under which a job that has not ended asks for another order: its
-- sender was told that it is accepted (PD412; the detail says which of the two).
create or replace function private.check_job_order() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  door text := private.check_seal();
  taken text;
begin
  if split_part(door, '.', 2) = 'J' then
    if not exists (select from app.jobs j where j.account_id = new.account_id and j.id = split_part(door, '.', 4)::uuid
        and j.id = new.id and j.kind = 'order' and j.request_hash = new.request_hash and j.request = new.request) then
      raise exception 'a ticket is for the order that was asked for' using errcode = '42501';
    end if;
    return new;
  end if;
  perform private.lock_event_log();
  if not exists (select from app.jobs j where j.account_id = new.account_id and j.ended_at is null) then
    return new;
  end if;
  -- Each by its own index: ten thousand jobs may wait.
  if exists (select from app.jobs j where j.account_id = new.account_id and j.ended_at is null
      and j.idempotency_key = new.idempotency_key and j.request_hash is distinct from new.request_hash) then
    taken := 'key';
  elsif exists (select from app.jobs j where j.account_id = new.account_id and j.ended_at is null
      and j.client_order_id = new.client_order_id and j.request_hash is distinct from new.request_hash)
    or new.client_order_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and exists (select from app.jobs j where j.account_id = new.account_id and j.id = new.client_order_id::uuid
        and j.ended_at is null and j.request_hash is distinct from new.request_hash) then
    taken := 'client_order_id';
  end if;
  if taken is not null then
    raise exception 'a job asks for another order under this %', taken using errcode = 'PD412', detail = taken;
  end if;
  return new;
end
$$;
