-- Returns a job as the API shows it; without the answer where p_answer is false, as
-- events of a job that was done have it. Null where there is no such job.
create or replace function app.job_json(p_account uuid, p_id uuid, p_answer boolean default true) returns jsonb
stable set search_path = pg_catalog, pg_temp
language sql as $$
  select jsonb_build_object('id', j.id, 'kind', j.kind, 'state', j.state, 'client_order_id', j.client_order_id,
      'asked_by', j.asked_by, 'request', j.request, 'accepted_at', app.rfc3339(j.accepted_at), 'began_at', app.rfc3339(j.began_at),
      'ended_at', app.rfc3339(j.ended_at), 'tries', j.tries, 'status', j.status)
      || case when p_answer then jsonb_build_object('answer', j.answer) else '{}' end
    from app.jobs j where j.account_id = p_account and j.id = p_id
$$;
