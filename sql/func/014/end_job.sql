-- Ends a job that has not ended, with what its request is answered, and tells the
-- account's events. A failure names the request that asked for it. The caller has locked the account's log.
create or replace function private.end_job(p_account uuid, p_id uuid, p_state text, p_status integer default null, p_answer jsonb default null) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update app.jobs j set state = p_state, status = p_status, ended_at = clock_timestamp(),
      answer = case when p_state = 'failed' then p_answer || jsonb_build_object('request_id', split_part(j.origin, ' ', 2)) else p_answer end
    where j.account_id = p_account and j.id = p_id and j.ended_at is null;
  if found then
    perform private.write_event(p_account, 'job', jsonb_build_object('event', p_state, 'job', app.job_json(p_account, p_id, p_state = 'failed')));
  end if;
end
$$;
