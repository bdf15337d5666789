-- Ends a job with what its request would have been answered, and gives the list back.
-- Reports whether it did: not where somebody else has begun the job again.
create or replace function private.finish_job(p_account uuid, p_kind text, p_job uuid, p_holder uuid, p_state text, p_status integer, p_answer jsonb) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if not private.is_claimed(p_account, p_kind, p_job, p_holder) then
    return false;
  end if;
  perform private.end_job(p_account, p_job, p_state, p_status, p_answer);
  update private.job_lists l set holder = null, job_id = null, ticket = null, live_until = null, free_since = clock_timestamp()
    where l.account_id = p_account and l.kind = p_kind;
  return true;
end
$$;
