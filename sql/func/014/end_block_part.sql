-- Trigger: keeps how the job of a block order's part ended, and why it was refused: the job
-- itself is deleted after a while (private.job_retention).
create or replace function private.end_block_part() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update private.block_order_parts p set state = new.state, status = new.status, refusal = case when new.state = 'failed' then new.answer end
    where p.account_id = new.account_id and p.job_id = new.id;
  return null;
end
$$;
