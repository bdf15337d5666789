-- Lets the job of an order that needs a person's word wait for it: a job that this user has
-- just asked for, or the one that is carried out here. p_need is what app.check_guards
-- says of the order, and p_prices what its symbols cost now. Where the order is sent,
-- private.use_approval computes all of it again, and sends nothing that was worth more, or
-- cost something else, than people were told.
--
-- 42501: there is no such job. PD455: as many wait on the account as may. PD456: a person
-- has refused the order under this client_order_id or key.
create or replace function private.propose_order(p_id uuid, p_need jsonb, p_prices jsonb) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('asking for an order', 'trade');
  working uuid := private.job_id();
  job app.jobs;
  a app.approvals;
begin
  perform private.lock_event_log();
  select j.* into job from app.jobs j where j.account_id = account and j.id = p_id and j.kind = 'order' and j.asked_by = private.user_id()
    and case when working is null then j.state = 'waiting' and j.tries = 0 else j.state = 'running' and j.id = working end;
  if not found then
    raise exception 'there is no such job to propose' using errcode = '42501';
  end if;
  if exists (select from app.approvals o where o.account_id = account and o.state = 'refused'
      and (o.idempotency_key = job.idempotency_key or o.client_order_id = job.client_order_id)) then
    raise exception 'this order was refused before' using errcode = 'PD456';
  end if;
  a.account_id := account;
  a.id := p_id;
  a.kind := 'order';
  a.request := job.request;
  a.reason := nullif(job.request->>'reason', '');
  a.proposed_by := job.asked_by;
  a.token_id := private.token_id();
  a.client_order_id := job.client_order_id;
  a.idempotency_key := job.idempotency_key;
  a.above := (p_need->>'above')::numeric;
  a.worth := (p_need->>'worth')::numeric;
  a.prices := p_prices;
  a.needed := (p_need->>'needed')::integer;
  a.four_eyes := (p_need->>'four_eyes')::boolean;
  a.expires_at := clock_timestamp() + make_interval(secs => (p_need->>'seconds')::integer);
  update app.jobs j set state = 'pending_approval', tries = 0, began_at = null where j.account_id = account and j.id = p_id;
  -- Those behind it need not wait for a person.
  update private.job_lists l set holder = null, job_id = null, ticket = null, live_until = null, free_since = clock_timestamp()
    where l.account_id = account and l.kind = 'order' and l.job_id = p_id;
  perform private.make_approval(a);
end
$$;
