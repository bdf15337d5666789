-- Reports whether p_holder works on this job of the list, and locks the account's log
-- and the list. A claim that is over counts as well, as long as nobody else has taken
-- the list: what was done was done.
create or replace function private.is_claimed(p_account uuid, p_kind text, p_job uuid, p_holder uuid) returns boolean
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform from app.event_heads h where h.account_id = p_account for update;
  perform from private.job_lists l where l.account_id = p_account and l.kind = p_kind and l.job_id = p_job and l.holder = p_holder for update;
  return found;
end
$$;
