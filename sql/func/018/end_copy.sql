-- Trigger: keeps how the job of a copy ended, and the code with which it was refused: the
-- job itself is deleted after a while.
create or replace function private.end_copy() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update app.copies c set state = new.state, reason = case when new.state = 'failed' then new.answer->>'code' end
    where c.account_id = new.account_id and c.id = new.id;
  return null;
end
$$;
