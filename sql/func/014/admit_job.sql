-- Admits this transaction as the user who asked for a job, to the job's account, by
-- the ticket that private.begin_job gave for it. The scopes are what the user may do
-- at this moment, and of that only what an order takes. The seal names the job, so
-- that no other order can be made by it (private.check_job_order). The audit says of
-- what is done here that the request did it which asked for the job.
--
-- PD432: the ticket is none, or holds no longer. PD401: the session in which it was
-- asked for has ended. PD403: the user has no grant on the account. 42501: this
-- transaction is admitted already.
create or replace function private.admit_job(p_account uuid, p_ticket bytea) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  job app.jobs;
  scopes text;
begin
  if coalesce(current_setting('app.seal', true), '') <> '' and private.check_seal(false) is not null then
    raise exception 'this transaction has been admitted already' using errcode = '42501';
  end if;

  select j.* into job from private.job_lists l
    join app.jobs j on j.account_id = l.account_id and j.id = l.job_id
    where l.account_id = p_account and l.ticket = sha256(p_ticket) and l.live_until > clock_timestamp() and j.state = 'running';
  if not found then
    raise exception 'this ticket holds no longer' using errcode = 'PD432';
  end if;
  if not private.sign_in_holds(job.session_id, job.asked_by) then
    raise exception 'the session of this job has ended' using errcode = 'PD401';
  end if;
  select string_agg(s, ',') into scopes
    from private.usable_grants() g join app.user_accounts u on u.id = g.account_id
    cross join lateral string_to_table(private.scopes_for_role(g.role, u.is_active), ',') s
    where g.account_id = p_account and g.user_id = job.asked_by
      and s in ('read', 'trade', 'cancel');
  if scopes is null then
    raise exception 'no access to this account' using errcode = 'PD403';
  end if;

  perform private.seal_transaction('.J.' || scopes || '.' || job.id, p_account::text, job.asked_by, job.origin);
end
$$;
